/**
 * Who is at work: each worker says so again and again, and signs off when it stops. One that falls
 * silent has died, and is remembered for a while, so that no load is blamed for deaths that have
 * nothing to do with it.
 */
import { deathsRememberedMs, type Milliseconds, milliseconds } from "@headgate/core";
import { guarded, type Ledger, runScript } from "./ledger.ts";
import { countReply } from "./replies.ts";

const atWorkScript = `
local t = now()
redis.call('ZADD', base .. 'workers', string.format('%.0f', t), ARGV[1])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', base .. 'workers', '-inf', string.format('%.0f', t - tonumber(ARGV[2])))) do
  redis.call('ZREM', base .. 'workers', id)
  redis.call('ZADD', base .. 'dead-workers', string.format('%.0f', t), id)
end
redis.call('ZREMRANGEBYSCORE', base .. 'dead-workers', '-inf', string.format('%.0f', t - tonumber(ARGV[3])))
return redis.call('ZCARD', base .. 'dead-workers')
`;

/**
 * This worker is alive, and whoever has not been for `silenceMs` is dead; answers how many have died
 * within `deathsRememberedMs`. A worker that comes back from a silence stays counted: it lost its tasks.
 */
export async function noteAtWork(
  ledger: Ledger,
  worker: string,
  silenceMs: Milliseconds,
): Promise<number> {
  const answer = await runScript(ledger, atWorkScript, [worker, silenceMs, deathsRememberedMs]);
  return countReply.parse(answer);
}

/** This worker stops, as it should. */
export async function signOff(ledger: Ledger, worker: string): Promise<void> {
  await guarded(() => ledger.redis.zrem(`${ledger.base}workers`, worker));
}

const rememberedScript = `
local since = string.format('%.0f', now() - tonumber(ARGV[1]))
return #redis.call('ZRANGEBYSCORE', base .. 'dead-workers', since, '+inf')
`;

/** Workers of the fleet that have died within `deathsRememberedMs`, as far as another has noticed. */
export async function recentDeaths(ledger: Ledger): Promise<number> {
  return countReply.parse(await runScript(ledger, rememberedScript, [deathsRememberedMs]));
}

/** How often a worker says that it is alive, and after what silence it counts as dead, by its lock. */
export function rosterTimes(lockMs: Milliseconds): {
  readonly everyMs: Milliseconds;
  readonly silenceMs: Milliseconds;
} {
  return { everyMs: milliseconds(lockMs / 3), silenceMs: lockMs };
}
