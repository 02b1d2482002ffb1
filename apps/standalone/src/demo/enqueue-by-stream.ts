import type { Redis } from "ioredis";
import { DemoError } from "./demo-error.ts";
import type { LoadRequest } from "./load-request.ts";
import { connectRedis, type RedisPlace } from "./redis-keys.ts";

/** Longest that one read of the answers blocks. */
const blockMs = 500;

/**
 * Adds a request a stream entry, all at once, and waits for headgate's answers. Gives the ids of the
 * loads in the order of the requests. Throws DemoError for a request that is refused.
 */
export async function enqueueByStream(
  { url, prefix }: RedisPlace,
  requests: readonly LoadRequest[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (requests.length === 0) return [];
  const redis = connectRedis(url);
  try {
    const entries = await addAll(redis, `${prefix}:requests`, requests);
    const loads = new Map<string, string>();
    const after = { accepted: "0", refused: "0" };
    while (entries.some((entry) => !loads.has(entry))) {
      signal.throwIfAborted();
      for (const answer of await readAnswers(redis, prefix, after)) {
        if (answer.stream === "refused") throw refused(answer.fields);
        loads.set(answer.fields.get("entry") ?? "", answer.fields.get("load") ?? "");
      }
    }
    return entries.map((entry) => loads.get(entry) ?? "");
  } finally {
    redis.disconnect();
  }
}

async function addAll(
  redis: Redis,
  stream: string,
  requests: readonly LoadRequest[],
): Promise<readonly string[]> {
  const batch = redis.multi();
  for (const request of requests) batch.xadd(stream, "*", "request", JSON.stringify(request));
  const replies = (await batch.exec()) ?? [];
  return replies.map(([error, id]) => {
    if (error !== null) throw error;
    return String(id);
  });
}

interface Answer {
  readonly stream: "accepted" | "refused";
  readonly fields: ReadonlyMap<string, string>;
}

/** Reads on from `after`, and moves it. */
async function readAnswers(
  redis: Redis,
  prefix: string,
  after: Record<Answer["stream"], string>,
): Promise<readonly Answer[]> {
  const streams = ["accepted", "refused"] as const;
  const keys = streams.map((stream) => `${prefix}:${stream}`);
  const since = streams.map((stream) => after[stream]);
  const read = await redis.xread("BLOCK", blockMs, "STREAMS", ...keys, ...since);
  const answers: Answer[] = [];
  for (const [key, entries] of read ?? [])
    for (const [id, flat] of entries) {
      const stream = key.endsWith(":accepted") ? "accepted" : "refused";
      after[stream] = id;
      answers.push({ stream, fields: pairs(flat) });
    }
  return answers;
}

function pairs(flat: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(flat[at] ?? "", flat[at + 1] ?? "");
  return fields;
}

function refused(fields: ReadonlyMap<string, string>): DemoError {
  return new DemoError("failed", `stream entry refused: ${fields.get("message") ?? "no reason"}`);
}
