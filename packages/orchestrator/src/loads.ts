/** The door to loads that the HTTP API, the schedules and the stream intake share. */
import type { ClientAccess, Findings, LoadState, Operation } from "@headgate/core";
import type { LoadRequest } from "./load-request.ts";
import type { LoadPage, LoadView, PartPage, QuotaView } from "./views.ts";

/** Who asks, and by which way. */
export interface Caller {
  /** Name of the client, such as the name of its API key. */
  readonly principal: string;
  readonly via: "http" | "stream" | "schedule";
  /** What the client may do. Absent: anything, as for those who write headgate.yaml or Redis. */
  readonly access?: ClientAccess;
}

/** A load that is recorded. */
export interface Accepted {
  readonly load: LoadView;
  /** True where an earlier request with the same key and body had made this load. */
  readonly replayed: boolean;
}

/** Which page of loads. Every given property narrows the list. */
export interface LoadFilter {
  readonly connection?: string;
  readonly states?: readonly LoadState[];
  readonly sourceName?: string;
  readonly object?: string;
  readonly operation?: Operation;
  /** Only loads of this client. */
  readonly principal?: string;
  /** Only loads of this run of a schedule. */
  readonly run?: string;
  /** Accepted at or after, and before, these instants (ms since 1970). */
  readonly since?: number;
  readonly until?: number;
  /** 1 to 100, default 20. */
  readonly limit?: number;
  readonly cursor?: string;
}

/** Every method throws ERR_REDIS_AWAY where Redis does not answer; then nothing is half-done. */
export interface Loads {
  /**
   * Records a load and makes sure that it will be planned. Idempotent by (principal, key) for 30
   * days, over all connections. Throws ERR_UNKNOWN_CONNECTION, ERR_UNKNOWN_SOURCE_NAME,
   * ERR_UNKNOWN_OBJECT, ERR_IDEMPOTENCY_CONFLICT, ERR_CLIENT_FORBIDDEN, ERR_SOURCE_NOT_ALLOWED,
   * ERR_TOO_MANY_PENDING, and ERR_RUN_STATE for a run that is over.
   */
  accept(
    request: LoadRequest,
    options: {
      readonly caller: Caller;
      readonly idempotencyKey?: string;
      /** A text that the key stands for beside the request, such as the batch it is a line of. */
      readonly batch?: string;
      /** The run of a schedule that the load belongs to. */
      readonly run?: string;
    },
  ): Promise<Accepted>;
  /**
   * Runs `work`, which calls `accept` several times for one request of the caller, unless another
   * such request with this key is being answered: then ERR_IDEMPOTENCY_IN_FLIGHT.
   */
  oneAtATime<T>(
    work: () => Promise<T>,
    options: { readonly caller: Caller; readonly idempotencyKey: string },
  ): Promise<T>;
  /** Throws what `accept` would throw for this request, its key aside, and records nothing. */
  check(request: LoadRequest, caller: Caller): Promise<void>;
  get(loadId: string): Promise<LoadView | undefined>;
  /** Newest first. Throws ERR_REQUEST_INVALID for a cursor it did not give. */
  list(filter: LoadFilter): Promise<LoadPage>;
  /** Throws ERR_LOAD_NOT_FOUND; ERR_LOAD_STATE where the load is past cancelling. */
  cancel(loadId: string): Promise<LoadView>;
  /**
   * Brings the request of a failed or cancelled load again, as a new load with `retryOf`; its owner
   * stays the same. Asked again for the same load it answers the same new load (`replayed`).
   * Throws ERR_LOAD_NOT_FOUND, ERR_LOAD_STATE, and what `accept` throws.
   */
  retry(loadId: string, options: { readonly caller: Caller }): Promise<Accepted>;
  /** What preflight found; undefined where there is no such load. */
  findings(loadId: string): Promise<Findings | undefined>;
  /** By number, from the first; undefined where there is no such load. Throws ERR_REQUEST_INVALID for a foreign cursor. */
  parts(
    loadId: string,
    page: { readonly limit?: number; readonly cursor?: string },
  ): Promise<PartPage | undefined>;
  /** Throws ERR_UNKNOWN_CONNECTION. Without a name: every connection. */
  quota(connection?: string): Promise<readonly QuotaView[]>;
  /** Throws ERR_REDIS_AWAY unless Redis answers. */
  ping(): Promise<void>;
}
