/** headgate's HTTP API as the demo uses it. */
import type { LoadState } from "@headgate/core";
import { DemoError } from "./demo-error.ts";
import type { Fleet } from "./fleet.ts";
import type { LoadRequest } from "./load-request.ts";

interface Progress {
  readonly planned: number;
  readonly uploaded: number;
  readonly settled: number;
}

/** What the demo reads of a load. */
export interface LoadView {
  readonly id: string;
  readonly state: LoadState;
  readonly reason?: { readonly code: string; readonly message: string };
  readonly sourceObjects: number;
  readonly parts: Progress;
  readonly bytes: Progress;
  readonly records: Progress;
  /** Absent in lists. */
  readonly bulkJobs?: readonly { readonly remoteId?: string }[];
}

/** What the demo reads of the one connection's quota. */
export interface QuotaView {
  readonly slots: { readonly limit: number; readonly used: number };
  readonly permits: { readonly limit: number; readonly used: number };
}

export interface ApiClient {
  /** Brings a load; `replayed` where the key had brought it before. */
  accept(
    request: LoadRequest,
    idempotencyKey: string,
  ): Promise<{ readonly id: string; readonly replayed: boolean }>;
  /** The latest loads, at most 100, without their bulk jobs. */
  list(): Promise<readonly LoadView[]>;
  get(id: string): Promise<LoadView>;
  quota(): Promise<QuotaView | undefined>;
}

/** A client with the demo's API key. Every call throws DemoError for an answer that is not a success. */
export function createApiClient(
  { apiUrl, credentials }: Pick<Fleet, "apiUrl" | "credentials">,
  signal: AbortSignal,
): ApiClient {
  const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { authorization: `Bearer ${credentials.apiKey}`, ...init.headers };
    const answer = await fetch(`${apiUrl}${path}`, { ...init, headers, signal });
    if (answer.ok) return answer;
    const text = await answer.text();
    throw new DemoError("failed", `${init.method ?? "GET"} ${path}: ${answer.status} ${text}`);
  };
  const read = async <Body>(path: string): Promise<Body> =>
    (await (await call(path)).json()) as Body;
  return {
    async accept(request, idempotencyKey) {
      const answer = await call("/v1/loads", {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": idempotencyKey },
        body: JSON.stringify(request),
      });
      const { id } = (await answer.json()) as LoadView;
      return { id, replayed: answer.headers.get("idempotent-replayed") === "true" };
    },
    async list() {
      return (await read<{ readonly loads: readonly LoadView[] }>("/v1/loads?limit=100")).loads;
    },
    get: (id) => read(`/v1/loads/${encodeURIComponent(id)}`),
    async quota() {
      return (await read<{ readonly quotas: readonly QuotaView[] }>("/v1/quota")).quotas[0];
    },
  };
}
