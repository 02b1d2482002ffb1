/** How much one client may ask of the HTTP API. Every bound has a default and can be set by the caller. */
export interface ApiLimits {
  /** Largest JSON body in bytes; more is answered 413. Default 262,144 (256 KiB): 1,000 keys of 250 bytes. */
  readonly bodyBytes: number;
  /** A connection that has not sent all its headers by then is closed. Default 10,000. */
  readonly headersTimeoutMs: number;
  /** A request whose body is not there by then is answered 408; files have `uploadIdleMs`. Default 30,000. */
  readonly requestTimeoutMs: number;
  /**
   * A request that is not answered by then is answered 503; a batch has 120,000, an errand that is
   * waited for 40,000, files and events have no such limit. Default 15,000.
   */
  readonly handlerTimeoutMs: number;
  /** An idle connection is closed after this. Default 60,000. */
  readonly keepAliveMs: number;
  /** Connections open at one time; further ones are closed at once. Default 1,000. */
  readonly connections: number;
  /** How long a readiness check may take before it counts as failed. Default 2,000. */
  readonly readinessMs: number;
  /** An upload of which no byte comes for so long is answered 408. Default 30,000. */
  readonly uploadIdleMs: number;
  /** What is still sent of a request that was answered already is read for so long. Default 5,000. */
  readonly readOnMs: number;
  /** Streams of events that one client may follow at a time, on one instance. Default 10. */
  readonly streamsPerClient: number;
  /** A stream of events ends after this; its client comes again, with the rights that it has then. Default 900,000. */
  readonly streamMs: number;
  /** Time between two comments that keep a stream of events open. Default 15,000. */
  readonly heartbeatMs: number;
  /** A stream whose client reads nothing for so long while there is something is closed. Default 30,000. */
  readonly slowReaderMs: number;
}

/** Bounds for one instance behind a proxy; README.md lists them. */
export const defaultApiLimits: ApiLimits = {
  bodyBytes: 256 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  handlerTimeoutMs: 15_000,
  keepAliveMs: 60_000,
  connections: 1_000,
  readinessMs: 2_000,
  uploadIdleMs: 30_000,
  readOnMs: 5_000,
  streamsPerClient: 10,
  streamMs: 900_000,
  heartbeatMs: 15_000,
  slowReaderMs: 30_000,
};
