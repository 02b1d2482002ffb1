/** headgate's HTTP API as a client uses it that must not lose a load: it asks again with the same key. */
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Environment } from "./environment.ts";

const loadAnswer = z.looseObject({
  id: z.string(),
  state: z.string(),
  reason: z.object({ code: z.string(), message: z.string() }).optional(),
  parts: z.object({ planned: z.number() }),
});
export type LoadAnswer = z.output<typeof loadAnswer>;
const loadPage = z.object({ loads: z.array(loadAnswer), nextCursor: z.string().optional() });

export interface ApiClient {
  /** Sends a load until it is accepted; gives its id. `sources` is the prefix of its files. */
  submit(load: {
    readonly key: string;
    readonly object: string;
    readonly operation: string;
    readonly sources: string;
  }): Promise<string>;
  stateOf(loadId: string): Promise<string>;
  cancel(loadId: string): Promise<void>;
  /** All loads, or those in one of these states. */
  list(states?: readonly string[]): Promise<readonly LoadAnswer[]>;
  /** Asks a worker for a round of the reaper. */
  reap(): Promise<void>;
  /** Answers that no fault explains. */
  readonly unexpected: readonly string[];
}

const answerWithinMs = 5000;
const pauseMs = 300;
/** A client may come again after these; anything else but a success is a fault of headgate. */
const passing: ReadonlySet<number> = new Set([409, 429, 503]);

/** A client with the run's API key; `signal` ends what it waits for. */
export function createApiClient(
  { apiUrl, apiKey }: Pick<Environment, "apiUrl" | "apiKey">,
  signal: AbortSignal,
): ApiClient {
  const unexpected: string[] = [];

  /** Asks until there is an answer that is not a passing one; `allowed` are statuses besides 2xx. */
  async function call(
    path: string,
    init: RequestInit = {},
    allowed: readonly number[] = [],
  ): Promise<unknown> {
    for (;;) {
      signal.throwIfAborted();
      const answer = await fetch(`${apiUrl}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${apiKey}`, ...init.headers },
        signal: AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]),
      }).catch(() => undefined);
      const text = await answer?.text().catch(() => undefined);
      if (answer !== undefined && text !== undefined) {
        if (answer.ok || allowed.includes(answer.status))
          return text === "" ? {} : JSON.parse(text);
        if (!passing.has(answer.status)) {
          const told = `${init.method ?? "GET"} ${path}: ${answer.status} ${text.slice(0, 300)}`;
          if (answer.status < 500) throw new Error(told);
          unexpected.push(told);
        }
      }
      await delay(pauseMs, undefined, { signal });
    }
  }

  return {
    unexpected,
    async submit({ key, object, operation, sources }) {
      const answer = await call("/v1/loads", {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": key },
        body: JSON.stringify({
          ...{ sourceName: "crm", object, operation },
          source: { prefix: sources },
        }),
      });
      return loadAnswer.parse(answer).id;
    },
    async stateOf(loadId) {
      return loadAnswer.parse(await call(`/v1/loads/${loadId}`)).state;
    },
    async cancel(loadId) {
      await call(`/v1/loads/${loadId}`, { method: "DELETE" }, [404, 409]);
    },
    async list(states) {
      const loads: LoadAnswer[] = [];
      let cursor: string | undefined;
      do {
        const query = new URLSearchParams({ limit: "100" });
        if (states !== undefined) query.set("state", states.join(","));
        if (cursor !== undefined) query.set("cursor", cursor);
        const page = loadPage.parse(await call(`/v1/loads?${query}`));
        loads.push(...page.loads);
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      return loads;
    },
    async reap() {
      await call("/v1/reap", { method: "POST" });
    },
  };
}
