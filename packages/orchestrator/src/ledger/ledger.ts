/**
 * The ledger of one connection: what stands in Redis, and how scripts are run on it.
 *
 * All keys of a connection share one hash slot and begin with its base, `<prefix>:{<connection>}:`.
 *
 *   seq                      counter: order in which loads were accepted
 *   loads                    zset   load ids by time of acceptance
 *   loads:<kind>:<value>     zset   those of one state, sourceName, object, operation, principal or run
 *   load-indexes             set    the keys of these, without the base
 *   pending:<principal>      set    its loads that have not ended
 *   load:<id>                hash   a load, see load-record.ts
 *   load:<id>:sources        list   its pinned source objects, each with its seal where records are sealed
 *   load:<id>:parts          list   its parts, likewise; see load-seal.ts
 *   load:<id>:returned       zset   parts that were claimed and came back
 *   load:<id>:findings       string what preflight found in it, see findings-text.ts
 *   load:<id>:bulk-jobs      set    bulk jobs that have held parts of it
 *   staging:<load>:<try>:…   list   sources and parts of a planning under way, at most 6 hours
 *   idempotency:<hash>       hash   load id -> `made` or `revoked`, see idempotency.ts
 *   outbox                   set    loads whose plan task is not known to be queued
 *   ended                    set    loads that have ended and whose task has not said so yet
 *   line:<object>            zset   loads with unclaimed parts, by order of acceptance
 *   lines                    zset   objects with a line, by the order of their head
 *   line-versions            hash   object -> stamp of the last change to its line
 *   slots                    zset   creations by instant: `o:<bulk job>:<attempt>` ours, `f:<remote id>` foreign
 *   permits                  zset   our unfinished bulk jobs, by time of claim
 *   live                     hash   object -> our unfinished bulk job
 *   holds                    hash   object -> instant until which it is left alone
 *   foreign-live             hash   remote id of other tools' unfinished bulk jobs -> object
 *   gate                     hash   until, baseMs
 *   witness                  hash   what shows that the ledger has lost nothing, see history.ts
 *   errand:<id>              hash   an errand, see errands/errand-record.ts; a day
 *   errands-open:<principal> zset   its errands that have not ended, by when they were asked for
 *   errands-ended:<principal> zset  those that have, by when, the newest 500
 *   bulk-jobs                zset   bulk job ids by time of claim
 *   bulk-job:<id>            hash   see bulk-job-record.ts
 *   bulk-job:<id>:parts      list   its parts, in upload order
 *   bulk-job:<id>:receipts   list   what was accepted: bytes, records, SHA-256
 *   remote:<remote id>       string bulk job id, kept as long as the bulk job
 *   observed                 hash   remote id -> state, at the last list call
 *   observed-at              string instant of that call
 *   observing                string held by the worker that makes the list call
 *   schedules                set    names of schedules
 *   schedule:<name>          hash   a schedule, see schedules/schedule-record.ts
 *   schedule:<name>:runs     zset   its runs by order
 *   run-seq                  counter: order of runs
 *   run:<id>                 hash   a run, see schedules/run-record.ts
 *   run:<id>:files:<target>  list   files that it has taken
 *   runs-open                zset   runs that are not done with, by order
 *   run-keys:<hash>          hash   body and answer of an earlier request for runs
 *   backfill:<id>            string a backfill
 *   run-loads                set    complete loads of runs whose files are not noted as loaded yet
 *   loaded:<target>          zset   digests of loaded files, by when they were last seen
 *   taken:<target>           hash   digest of a URI -> file and run that has taken it
 *   taken-versions           hash   target -> stamp of the last change to what is taken of it
 *   limits                   string the limits that the workers hold to, for those who only look
 *   connectors               string connectors and objects that the workers know, likewise
 *   restarts                 zset   bulk jobs whose parts had to go again, by when, of the last window
 *   processing-ms            list   how long the API took with the last 50 complete bulk jobs
 *   workers                  zset   workers, by when they last said that they are alive
 *   dead-workers             zset   those that fell silent, by when that was noticed; an hour
 *   org                      string organisation of the first login
 *   principal                string user id that the API names as the creator of our bulk jobs
 *
 * Outside of it, for all connections of a deployment: `<prefix>:idempotency:<hash>`, see
 * idempotency.ts; `<prefix>:events`, see ../feed/; `<prefix>:requests`, `:accepted` and `:refused`,
 * see ../intake/; `<prefix>:requests-of:<client>`, the API's count of a minute; `{<prefix>}:…`,
 * BullMQ's queues.
 */
import { BulkError, beatsKeptMicros, type EpochMs, epochMs, type SlotLimits } from "@headgate/core";
import type { ChainableCommander, Redis } from "ioredis";
import type { Seals } from "../seals/seals.ts";
import { type LedgerMemory, ownBeat } from "./ledger-memory.ts";

/** One connection's ledger, and the limits that this process holds it to. */
export interface Ledger {
  readonly redis: Redis;
  readonly connection: string;
  /** `<prefix>:{<connection>}:`. */
  readonly base: string;
  readonly limits: SlotLimits;
  /** Days for which finished loads, bulk jobs, runs and idempotency keys are kept. Default 30. */
  readonly retentionDays?: number | undefined;
  /** Where absent, records are neither sealed nor asked for a seal; see ../seals/. */
  readonly seals?: Seals | undefined;
  /** What this process has seen of the ledger; absent in one that never creates. */
  readonly memory?: LedgerMemory | undefined;
  /** Where absent, Redis TIME is the fleet's one clock. Tests hand in their own. */
  readonly clock?: () => EpochMs;
}

/** First word of every key of the deployment that the ledger belongs to. */
export function keyPrefix({ base }: Ledger): string {
  return base.slice(0, base.indexOf(":{"));
}

/** How long finished loads, bulk jobs, runs and idempotency keys are kept, in seconds. */
export function retentionOf({
  retentionDays = defaultRetentionDays,
}: Pick<Ledger, "retentionDays">): number {
  return retentionDays * 24 * 3600;
}

const defaultRetentionDays = 30;

/** The fleet's time. Throws ERR_REDIS_AWAY. */
export async function ledgerNow(ledger: Ledger): Promise<EpochMs> {
  if (ledger.clock !== undefined) return ledger.clock();
  const [wholeSeconds, micros] = await guarded(() => ledger.redis.time());
  return epochMs(Number(wholeSeconds) * 1000 + Math.floor(Number(micros) / 1000));
}

/**
 * Runs a Lua script on the ledger. In the script `KEYS[1]` is the base, `now()` the fleet's time,
 * `stamp()` a number that the ledger has never given out, also not before it lost data, and ARGV
 * holds `args` from 1 to `argc`. Throws ERR_REDIS_AWAY.
 */
export async function runScript(
  ledger: Ledger,
  lua: string,
  args: readonly (string | number)[],
): Promise<unknown> {
  const clock = ledger.clock === undefined ? "" : String(ledger.clock());
  const { memory, limits } = ledger;
  const own = [memory?.process ?? "", ownBeat(memory), beatsKeptMicros(limits.windowMs)];
  const all = [...args, ...own, clock].map(String);
  return await guarded(() => ledger.redis.eval(wholeScript(lua), 1, ledger.base, ...all));
}

/** Each script joined with the prelude, once. */
const wholeScripts = new Map<string, string>();

function wholeScript(lua: string): string {
  const known = wholeScripts.get(lua);
  if (known !== undefined) return known;
  const whole = `${prelude}${lua}`;
  wholeScripts.set(lua, whole);
  return whole;
}

/**
 * A stamp is the time in microseconds, or one more than the last; a counter alone would repeat itself
 * on an older copy. A process keeps its last one in a field of its own, and moves it no further on a
 * ledger that has lost one of them: by that it is noticed. `has_lost_own` leaves out one that is so
 * old that it may have been forgotten, and can have no slot in the window.
 */
const prelude = `
local base = KEYS[1]
local argc = #ARGV - 4
local process, own, kept = ARGV[argc + 1], tonumber(ARGV[argc + 2]), tonumber(ARGV[argc + 3])
local given = ARGV[#ARGV]
local function micros()
  if given ~= '' then return tonumber(given) * 1000 end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local function now()
  return math.floor(micros() / 1000)
end
local function has_lost_own(mine, latest)
  return tonumber(mine or '0') < own and own >= latest - kept
end
local function stamp()
  local key = base .. 'witness'
  local last = tonumber(redis.call('HGET', key, 'beat') or '0')
  local text = string.format('%.0f', math.max(last + 1, micros()))
  redis.call('HSET', key, 'beat', text)
  local mine = 'beat:' .. process
  if process ~= '' and not has_lost_own(redis.call('HGET', key, mine), tonumber(text)) then
    redis.call('HSET', key, mine, text)
  end
  return text
end
`;

/** Gives every failure to reach Redis one code. A script's own error is a defect and goes on as it is. */
export async function guarded<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Error && error.name === "ReplyError" && !isUnavailableReply(error))
      throw error;
    throw new BulkError("ERR_REDIS_AWAY", "Redis does not answer; nothing was done", {
      cause: error,
    });
  }
}

/**
 * Runs a MULTI or a pipeline and answers each command's reply. ioredis reports a failed command
 * inside the answer; here it is thrown. Throws ERR_REDIS_AWAY.
 */
export async function executed(commands: ChainableCommander): Promise<readonly unknown[]> {
  return await guarded(async () => {
    const replies = await commands.exec();
    return (replies ?? []).map(([error, reply]) => {
      if (error) throw error;
      return reply;
    });
  });
}

/** Redis names such states by the first word of its reply. */
function isUnavailableReply(error: Error): boolean {
  const [word] = error.message.split(" ", 1);
  return [
    "LOADING",
    "READONLY",
    "MASTERDOWN",
    "OOM",
    "MISCONF",
    "NOREPLICAS",
    "CLUSTERDOWN",
  ].includes(word ?? "");
}
