/**
 * The Data Cloud Ingestion API as functions: bulk jobs and streaming. Every method makes one call,
 * with one replay under a fresh token after a 401. Calls without effects (info, list, validate) are
 * repeated by core's retry table; calls with effects never are.
 *
 * Every method throws the signal's reason where it is aborted, what `TokenSource.token` throws, and
 * ERR_API_UNAUTHORIZED after the replay, ERR_API_FORBIDDEN, ERR_API_NOT_FOUND, ERR_API_THROTTLED,
 * ERR_API_UNREACHABLE, ERR_API_UNKNOWN_OUTCOME, ERR_API_SERVER (calls without effects only) and
 * ERR_API_UNEXPECTED. What more a method throws stands with it.
 */
import type { Milliseconds } from "@headgate/core";
import { type BulkClient, createBulkClient } from "./bulk-client.ts";
import { createApiCaller } from "./call-api.ts";
import type { TokenConnection } from "./connection.ts";
import {
  createHttpTransport,
  type HttpTransport,
  type HttpTransportOptions,
} from "./http-transport.ts";
import { createStreamingClient, type StreamingClient } from "./streaming-client.ts";
import { systemTiming, type Timing } from "./timing.ts";
import { createTokenSource, type TokenSource } from "./token-source.ts";

/** Every call of the API. */
export interface IngestionClient extends BulkClient, StreamingClient {
  /** How far the API's clock is ahead of ours by the last answer, within a second; undefined before the first. */
  serverClockOffsetMs(): Milliseconds | undefined;
}

export interface IngestionClientDeps {
  readonly tokenSource: TokenSource;
  readonly transport: HttpTransport;
  /** Default: the machine's clock and timers. */
  readonly timing?: Timing | undefined;
}

/** Calls nobody before the first method is called. The transport stays the caller's to close. */
export function createIngestionClient(deps: IngestionClientDeps): IngestionClient {
  const { tokenSource, transport, timing = systemTiming } = deps;
  const api = createApiCaller({ tokenSource, transport, timing });
  return {
    ...createBulkClient(api),
    ...createStreamingClient(api),
    serverClockOffsetMs: api.clockOffsetMs,
  };
}

/** A client with its token source and transport. */
export interface ConnectedClient {
  readonly client: IngestionClient;
  readonly tokenSource: TokenSource;
  readonly transport: HttpTransport;
  /** Ends idle connections and waits for calls under way. */
  close(): Promise<void>;
}

/** Joins transport, token source and client for one connection. Throws ERR_CONFIG for a login URL that is not allowed. */
export function connectIngestionApi(
  connection: TokenConnection,
  options: HttpTransportOptions & { readonly timing?: Timing | undefined } = {},
): ConnectedClient {
  const { timing, ...transportOptions } = options;
  const transport = createHttpTransport(transportOptions);
  const tokenSource = createTokenSource(connection, { transport, timing });
  const client = createIngestionClient({ tokenSource, transport, timing });
  return { client, tokenSource, transport, close: () => transport.close() };
}
