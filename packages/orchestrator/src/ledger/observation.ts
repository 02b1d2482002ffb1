/**
 * What the tenant's list of unfinished bulk jobs says, kept for the whole fleet: one list call a
 * connection, whoever makes it. Bulk jobs that no record of ours names are other tools': they hold
 * permits, slots and objects as ours do.
 */
import {
  type EpochMs,
  epochMs,
  objectKey,
  type RemoteBulkJob,
  type RemoteState,
  remoteStates,
  unfinishedRemoteStates,
} from "@headgate/core";
import { z } from "zod";
import { executed, guarded, type Ledger, runScript } from "./ledger.ts";
import { textsReply } from "./replies.ts";

const observeScript = `
local t = string.format('%.0f', now())
redis.call('DEL', base .. 'foreign-live', base .. 'observed')
local foreign = {}
for _, remote in ipairs(cjson.decode(ARGV[1])) do
  if redis.call('EXISTS', base .. 'remote:' .. remote.id) == 1 then
    if remote.unfinished then redis.call('HSET', base .. 'observed', remote.id, remote.state) end
  else
    local own = redis.call('HGET', base .. 'live', remote.object)
    local phase = own and redis.call('HGET', base .. 'bulk-job:' .. own, 'phase')
    if phase ~= 'creating' or not remote.unfinished then
      foreign[#foreign + 1] = remote.id
      if remote.unfinished then
        redis.call('HSET', base .. 'foreign-live', remote.id, remote.object)
      end
      if remote.createdAt > 0 then
        redis.call('ZADD', base .. 'slots', string.format('%.0f', math.min(remote.createdAt, tonumber(t))), 'f:' .. remote.id)
      end
    end
  end
end
redis.call('SET', base .. 'observed-at', t)
return foreign
`;

/** Records one complete list of unfinished bulk jobs; answers how many are other tools'. */
export async function recordObservation(
  ledger: Ledger,
  unfinished: readonly RemoteBulkJob[],
): Promise<number> {
  return (await recordTenant(ledger, unfinished)).size;
}

/**
 * Records one complete list of bulk jobs in all states, of which each takes a slot from its creation
 * on; answers the ids of those that the ledger does not know as ours, nor as being created.
 */
export async function recordTenant(
  ledger: Ledger,
  listed: readonly RemoteBulkJob[],
): Promise<ReadonlySet<string>> {
  const facts = listed.map((remote) => ({
    id: remote.id,
    state: remote.state,
    unfinished: unfinishedRemoteStates.includes(remote.state),
    object: objectKey(remote),
    createdAt: remote.createdAt ?? 0,
  }));
  const foreign = await runScript(ledger, observeScript, [JSON.stringify(facts)]);
  return new Set(textsReply.parse(foreign));
}

/** What the last list says of one bulk job. */
export interface Observation {
  /** When the last list was recorded; 0 where there was none. */
  readonly at: EpochMs;
  /** State of a bulk job of ours in that list; absent where it was not in it. */
  readonly state?: RemoteState;
}

const observationReply = z.tuple([z.string().nullable(), z.enum(remoteStates).nullable()]);

/** Reads the last list, without asking the API. */
export async function readObservation(ledger: Ledger, remoteId: string): Promise<Observation> {
  const { redis, base } = ledger;
  const pipeline = redis.pipeline().get(`${base}observed-at`).hget(`${base}observed`, remoteId);
  const [at, state] = observationReply.parse(await executed(pipeline));
  const instant = epochMs(Number(at ?? 0));
  return state === null ? { at: instant } : { at: instant, state };
}

/** Takes the right to make the next list call for up to 30 s; false where another worker has it. */
export async function takeObserving(ledger: Ledger, token: string): Promise<boolean> {
  const taken = await guarded(() =>
    ledger.redis.set(`${ledger.base}observing`, token, "PX", 30_000, "NX"),
  );
  return taken === "OK";
}

const releaseScript = `
if redis.call('GET', base .. 'observing') == ARGV[1] then redis.call('DEL', base .. 'observing') end
return 1
`;

/** Gives the right back, unless it has passed to another worker. */
export async function releaseObserving(ledger: Ledger, token: string): Promise<void> {
  await runScript(ledger, releaseScript, [token]);
}

/** The user id that the API gives as creator of our bulk jobs, learned from our own creations. */
export async function readPrincipal(ledger: Ledger): Promise<string | undefined> {
  return (await guarded(() => ledger.redis.get(`${ledger.base}principal`))) ?? undefined;
}

/** Keeps the user id of a creation of ours. */
export async function rememberPrincipal(ledger: Ledger, userId: string): Promise<void> {
  await guarded(() => ledger.redis.set(`${ledger.base}principal`, userId));
}
