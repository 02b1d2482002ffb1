/**
 * The ledger's witness, by which a loss of data is noticed, and the freeze that follows. A hash:
 *
 *   generation    random; given with the first use and with each loss
 *   beat          the last stamp: no process may remember a later one
 *   beat:<id>     the last stamp that this process has taken, so that none by another hides its loss;
 *                 kept as long as it can have a slot in the window
 *   lostBeat      beat at which the last loss was noticed
 *   lostAt        instant of that
 *   frozenUntil   until then nobody creates
 *   loss          what people are told of it, as JSON
 *
 * Core's ledger-history.ts judges; `history_decision` in lua-fragments.ts holds creations back.
 */
import { type EpochMs, epochMs, type LedgerWitness, type LossSign } from "@headgate/core";
import { z } from "zod";
import { executed, guarded, type Ledger, runScript } from "./ledger.ts";
import { type LedgerMemory, noteBeat } from "./ledger-memory.ts";
import { textListsReply, textsReply } from "./replies.ts";

const count = z.coerce.number().default(0);
const witnessSchema = z.object({
  generation: z.string().optional(),
  beat: count,
  lostBeat: count,
  lostAt: count,
  frozenUntil: count,
  loss: z.string().optional(),
});

const lossSchema = z.object({
  sign: z.enum(["emptied", "replaced", "rolled-back", "unknown-bulk-jobs"]),
  unknownBulkJobs: z.array(z.string()).readonly(),
  missingLoads: z.array(z.string()).readonly(),
});

/** What was noticed with a loss, and whom it concerns. */
export interface LossReport {
  readonly sign: LossSign;
  /** The API's ids of bulk jobs that may be ours and that the ledger does not know; at most 100. */
  readonly unknownBulkJobs: readonly string[];
  /** Loads that were under way and that the ledger no longer has; at most 100. */
  readonly missingLoads: readonly string[];
}

/** The last loss, as it stands in the ledger. */
export interface LedgerLoss extends LossReport {
  readonly at: EpochMs;
  readonly frozenUntil: EpochMs;
}

/** Generation and beats. */
export async function readWitness(ledger: Ledger): Promise<LedgerWitness> {
  const hash = await readHash(ledger);
  const { generation, beat, lostBeat } = witnessSchema.parse(hash);
  const beats = Object.entries(hash)
    .filter(([field]) => field.startsWith(beatPrefix))
    .map(([field, last]) => [field.slice(beatPrefix.length), count.parse(last)] as const);
  return { generation, beat, lostBeat, beats: new Map(beats) };
}

const beatPrefix = "beat:";

/** The last loss, or undefined where none was noticed. */
export async function readLoss(ledger: Ledger): Promise<LedgerLoss | undefined> {
  const { lostAt, frozenUntil, loss } = witnessSchema.parse(await readHash(ledger));
  if (lostAt === 0) return undefined;
  const report = loss === undefined ? undefined : lossSchema.parse(JSON.parse(loss));
  return {
    ...(report ?? { sign: "replaced", unknownBulkJobs: [], missingLoads: [] }),
    at: epochMs(lostAt),
    frozenUntil: epochMs(frozenUntil),
  };
}

async function readHash(ledger: Ledger): Promise<Readonly<Record<string, string>>> {
  return await guarded(() => ledger.redis.hgetall(`${ledger.base}witness`));
}

const beginScript = `
local key = base .. 'witness'
redis.call('HSETNX', key, 'generation', ARGV[1])
return {redis.call('HGET', key, 'generation'), stamp()}
`;

const seen = z.tuple([z.string(), z.coerce.number()]);

/**
 * Gives the ledger of a new deployment a generation, unless it has one; the process remembers the one
 * that it has.
 */
export async function beginHistory(ledger: Ledger, generation: string): Promise<void> {
  const [given, beat] = seen.parse(await runScript(ledger, beginScript, [generation]));
  startMemory(ledger.memory, { generation: given, beat });
}

/** What a process knows of a ledger that has just been begun, or begun anew by itself. */
function startMemory(
  memory: LedgerMemory | undefined,
  first: { readonly generation: string; readonly beat: number },
): void {
  if (memory !== undefined)
    memory.witness = { ...first, beats: new Map([[memory.process, first.beat]]) };
}

const beatScript = `
local key = base .. 'witness'
if redis.call('HGET', key, 'generation') ~= ARGV[1] then return '0' end
local beat = stamp()
local oldest = tonumber(beat) - kept
local fields = redis.call('HGETALL', key)
for i = 1, #fields, 2 do
  if string.sub(fields[i], 1, 5) == 'beat:' and tonumber(fields[i + 1]) < oldest then
    redis.call('HDEL', key, fields[i])
  end
end
return beat
`;

/**
 * Moves the beat on where the ledger is still the one that this process has judged, and forgets those
 * of processes that fell silent.
 */
export async function moveBeat(ledger: Ledger): Promise<void> {
  const generation = ledger.memory?.witness?.generation;
  if (generation === undefined) return;
  noteBeat(ledger.memory, Number(await runScript(ledger, beatScript, [generation])));
}

const declareScript = `
local key = base .. 'witness'
if (redis.call('HGET', key, 'generation') or '') ~= ARGV[1] then return {'changed', '0', '0'} end
local t = now()
local beat = string.format('%.0f', math.max(tonumber(stamp()), tonumber(ARGV[3]) + 1))
local frozen = tonumber(redis.call('HGET', key, 'frozenUntil') or '0')
frozen = string.format('%.0f', math.max(frozen, t + tonumber(ARGV[4])))
local at = string.format('%.0f', t)
redis.call('HSET', key, 'generation', ARGV[2], 'beat', beat, 'lostBeat', beat, 'lostAt', at,
  'frozenUntil', frozen, 'loss', ARGV[5])
if process ~= '' then redis.call('HSET', key, 'beat:' .. process, beat) end
redis.call('DEL', base .. 'observed', base .. 'observed-at')
if ARGV[6] ~= '' then redis.call('SET', base .. 'principal', ARGV[6]) end
for _, id in ipairs(redis.call('ZRANGE', base .. 'permits', 0, -1)) do
  local bulk_job = base .. 'bulk-job:' .. id
  local facts = redis.call('HMGET', bulk_job, 'phase', 'files', 'filesUsed')
  if facts[1] == 'uploading' then
    local used = math.max(tonumber(facts[2]), tonumber(facts[3] or '0'))
    redis.call('HSET', bulk_job, 'uploading', '1', 'filesUsed', string.format('%.0f', used))
  end
  if facts[1] then redis.call('HSET', bulk_job, 'revision', stamp()) end
end
return {'declared', beat, frozen}
`;

const declared = z.tuple([
  z.enum(["declared", "changed"]),
  z.coerce.number(),
  z.coerce.number().transform(epochMs),
]);

/**
 * Writes down a loss, unless another worker has done so since `seenGeneration` was read; then answers
 * undefined. From now on nobody creates for a whole window, a freeze that is longer already stays so.
 * Every bulk job's worker is fenced off, and of one into which parts go all of them may be in.
 */
export async function declareLoss(
  ledger: Ledger,
  loss: {
    readonly seenGeneration: string | undefined;
    readonly generation: string;
    readonly report: LossReport;
  },
): Promise<EpochMs | undefined> {
  const { memory } = ledger;
  const [kind, beat, frozenUntil] = declared.parse(
    await runScript(ledger, declareScript, [
      loss.seenGeneration ?? "",
      loss.generation,
      memory?.witness?.beat ?? 0,
      ledger.limits.windowMs,
      JSON.stringify(loss.report),
      memory?.principal ?? "",
    ]),
  );
  if (kind === "changed") return undefined;
  startMemory(memory, { generation: loss.generation, beat });
  return frozenUntil;
}

const reportScript = `
if redis.call('HGET', base .. 'witness', 'generation') ~= ARGV[1] then return 0 end
redis.call('HSET', base .. 'witness', 'loss', ARGV[2])
return 1
`;

/** Completes the report of a loss by what the tenant's list has shown, unless there was another since. */
export async function completeReport(
  ledger: Ledger,
  generation: string,
  report: LossReport,
): Promise<void> {
  await runScript(ledger, reportScript, [generation, JSON.stringify(report)]);
}

/** States of loads that have not ended. */
const openStates = ["accepted", "waiting", "loading", "processing"] as const;
/** Most loads of a state that are remembered, the newest. */
const remembered = 10_000;

/** Remembers which loads are under way. */
export async function rememberLoads(ledger: Ledger): Promise<void> {
  const { memory, redis, base } = ledger;
  if (memory === undefined) return;
  const pipeline = redis.pipeline();
  for (const state of openStates)
    pipeline.zrange(`${base}loads:state:${state}`, String(-remembered), "-1");
  memory.loads = new Set(textListsReply.parse(await executed(pipeline)).flat());
}

const missingScript = `
local missing = {}
for i = 1, argc do
  if redis.call('EXISTS', base .. 'load:' .. ARGV[i]) == 0 then missing[#missing + 1] = ARGV[i] end
end
return missing
`;

const batch = 1000;

/** The remembered loads that the ledger no longer has. */
export async function missingLoads(ledger: Ledger): Promise<readonly string[]> {
  return await missingOf(ledger, [...(ledger.memory?.loads ?? [])]);
}

/** Those of these loads that the ledger does not have. */
export async function missingOf(
  ledger: Ledger,
  ids: readonly string[],
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (let first = 0; first < ids.length; first += batch) {
    const answer = await runScript(ledger, missingScript, ids.slice(first, first + batch));
    missing.push(...textsReply.parse(answer));
  }
  return missing;
}
