/** The door to loads that the HTTP API and the stream intake share. */
import type { LoadState } from "@headgate/core";
import type { LoadRequest } from "./load-request.ts";
import type { LoadPage, LoadView, QuotaView } from "./views.ts";

/** Who asks, and by which way. */
export interface Caller {
  /** Name of the client, such as the name of its API key. */
  readonly principal: string;
  readonly via: "http" | "stream";
}

/** A load that is recorded. */
export interface Accepted {
  readonly load: LoadView;
  /** True where an earlier request with the same key and body had made this load. */
  readonly replayed: boolean;
}

/** Which page of loads. */
export interface LoadFilter {
  readonly connection?: string;
  readonly state?: LoadState;
  /** 1 to 100, default 20. */
  readonly limit?: number;
  readonly cursor?: string;
}

/** Every method throws ERR_REDIS_AWAY where Redis does not answer; then nothing is half-done. */
export interface Loads {
  /**
   * Records a load and makes sure that it will be planned. Idempotent by (principal, key) for 30
   * days. Throws ERR_UNKNOWN_CONNECTION, ERR_UNKNOWN_SOURCE_NAME, ERR_UNKNOWN_OBJECT,
   * ERR_IDEMPOTENCY_CONFLICT.
   */
  accept(
    request: LoadRequest,
    options: { readonly caller: Caller; readonly idempotencyKey?: string },
  ): Promise<Accepted>;
  get(loadId: string): Promise<LoadView | undefined>;
  /** Newest first. Throws ERR_REQUEST_INVALID for a cursor it did not give. */
  list(filter: LoadFilter): Promise<LoadPage>;
  /** Throws ERR_LOAD_NOT_FOUND; ERR_LOAD_STATE where the load is past cancelling. */
  cancel(loadId: string): Promise<LoadView>;
  /** Throws ERR_UNKNOWN_CONNECTION. Without a name: every connection. */
  quota(connection?: string): Promise<readonly QuotaView[]>;
  /** Throws ERR_REDIS_AWAY unless Redis answers. */
  ping(): Promise<void>;
}
