/**
 * At most one request with an idempotency key at a time, for requests that are answered in several
 * steps. The mark of a process that died is forgotten after two minutes and a half; that two are
 * then answered side by side does no harm, for each step is idempotent by itself.
 */
import { BulkError } from "@headgate/core";
import type { KeyClaims } from "./idempotency.ts";
import { guarded } from "./ledger.ts";

/** Longer than any answer takes. */
const forgottenAfterMs = 150_000;

const releaseScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
`;

/**
 * Runs `work` unless another request with the key, of which `hash` is one, is being answered: then
 * ERR_IDEMPOTENCY_IN_FLIGHT. `token` tells this request apart. Throws ERR_REDIS_AWAY.
 */
export async function whileInFlight<T>(
  { redis, prefix }: KeyClaims,
  { hash, token }: { readonly hash: string; readonly token: string },
  work: () => Promise<T>,
): Promise<T> {
  const key = `${prefix}:in-flight:${hash}`;
  const held = await guarded(() => redis.set(key, token, "PX", forgottenAfterMs, "NX"));
  if (held !== "OK")
    throw new BulkError(
      "ERR_IDEMPOTENCY_IN_FLIGHT",
      "an earlier request with this idempotency key is still being answered",
    );
  try {
    return await work();
  } finally {
    // A mark that cannot be removed goes by itself; the answer stands.
    await redis.eval(releaseScript, 1, key, token).catch(() => undefined);
  }
}
