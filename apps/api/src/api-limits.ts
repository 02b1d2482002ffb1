/** How much one client may ask of the HTTP API. Every bound has a default and can be set by the caller. */
export interface ApiLimits {
  /** Largest request body in bytes; more is answered 413. Default 65,536 (64 KiB). */
  readonly bodyBytes: number;
  /** A connection that has not sent all its headers by then is closed. Default 10,000. */
  readonly headersTimeoutMs: number;
  /** A connection that has not sent its whole request by then is closed. Default 30,000. */
  readonly requestTimeoutMs: number;
  /** A request that is not answered by then is answered 503. Default 15,000. */
  readonly handlerTimeoutMs: number;
  /** An idle connection is closed after this. Default 60,000. */
  readonly keepAliveMs: number;
  /** Connections open at one time; further ones are closed at once. Default 1,000. */
  readonly connections: number;
  /** How long a readiness check may take before it counts as failed. Default 2,000. */
  readonly readinessMs: number;
}

/** Bounds for one instance behind a proxy; README.md lists them. */
export const defaultApiLimits: ApiLimits = {
  bodyBytes: 64 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  handlerTimeoutMs: 15_000,
  keepAliveMs: 60_000,
  connections: 1_000,
  readinessMs: 2_000,
};
