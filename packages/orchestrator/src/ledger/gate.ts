/** The gate: after a 429, or a 401 to a create call, nobody in the fleet creates a bulk job until it opens. */
import { type EpochMs, epochMs, gateSpan, type Milliseconds } from "@headgate/core";
import { z } from "zod";
import { guarded, type Ledger, runScript } from "./ledger.ts";

const closeScript = `
local key = base .. 'gate'
local until_now = tonumber(redis.call('HGET', key, 'until') or '0')
local closes = math.max(until_now, now() + tonumber(ARGV[1]))
redis.call('HSET', key, 'until', string.format('%.0f', closes), 'baseMs', ARGV[2])
return string.format('%.0f', closes)
`;

/** Closes the gate for Retry-After, or for 60 s doubling to 15 min; never shortens it. */
export async function closeGate(
  ledger: Ledger,
  answer: { readonly retryAfterMs: Milliseconds | undefined; readonly random: number },
): Promise<EpochMs> {
  const base = await guarded(() => ledger.redis.hget(`${ledger.base}gate`, "baseMs"));
  const { spanMs, baseMs } = gateSpan({ ...answer, previousMs: Number(base ?? 0) });
  const until = await runScript(ledger, closeScript, [spanMs, baseMs]);
  return epochMs(z.coerce.number().parse(until));
}

/** After a creation that worked, the next 429 starts at the first span again. */
export async function settleGate(ledger: Ledger): Promise<void> {
  await guarded(() => ledger.redis.hdel(`${ledger.base}gate`, "baseMs"));
}

/** Leaves an object alone until an instant. */
export async function holdObject(ledger: Ledger, objectKey: string, until: EpochMs): Promise<void> {
  await guarded(() => ledger.redis.hset(`${ledger.base}holds`, objectKey, String(until)));
}
