/**
 * A run as it stands in Redis: a hash of `schedule`, `spec` (the schedule's when the run was recorded),
 * `sequence`, `revision` and `record`, the JSON of all that changes. A write names the revision it
 * has read, so of two workers that step one run the slower is fenced off.
 */
import { BulkError, runCauses, runStates, runTargetStates } from "@headgate/core";
import { z } from "zod";
import { executed, guarded, type Ledger, retentionOf, runScript } from "../ledger/ledger.ts";
import { notReadable } from "../ledger/not-readable.ts";
import { hashReply, textReply } from "../ledger/replies.ts";
import { scheduleSchema } from "../schedule-spec.ts";
import { isGenuine } from "../seals/seals.ts";

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "is not JSON" });
    return z.NEVER;
  }
});
const instant = z.number();
const reason = z.object({ code: z.string(), message: z.string() });

const targetSchema = z.object({
  name: z.string(),
  after: z.array(z.string()).readonly(),
  state: z.enum(runTargetStates),
  reason: reason.optional(),
  since: instant.optional(),
  listing: z.object({ fingerprint: z.string(), since: instant }).optional(),
  files: z.number(),
  bytes: z.number(),
  chunks: z.number(),
  loads: z.array(z.string()).readonly(),
  records: z.number(),
});

/** All of a run that changes, and what it was asked for. */
const factsSchema = z.object({
  /** yyyy-MM-dd */
  date: z.string(),
  cause: z.enum(runCauses),
  principal: z.string(),
  backfill: z.string().optional(),
  leaveSlots: z.number().optional(),
  state: z.enum(runStates),
  reason: reason.optional(),
  dueAt: instant,
  startedAt: instant.optional(),
  endedAt: instant.optional(),
  /** Nothing is left to do for it. */
  closed: z.boolean().optional(),
  targets: z.array(targetSchema).readonly(),
});
export type RunFacts = z.output<typeof factsSchema>;

const runHashSchema = z.object({
  schedule: z.string(),
  sequence: z.coerce.number(),
  revision: z.string(),
  spec: json.pipe(scheduleSchema),
  record: json.pipe(factsSchema),
});

export type RunRecord = Omit<z.output<typeof runHashSchema>, "record"> &
  RunFacts & {
    readonly id: string;
    /** Whether it is of its schedule, date and owner as it was recorded; loads are made for no other. */
    readonly genuine: boolean;
  };

/** Connection and chance; anything else could name another key of the ledger. */
const runIdPattern = /^[a-z0-9-]{1,32}\.[A-Za-z0-9]{1,64}$/;

/** The record, or undefined where there is none (any more). Throws ERR_RECORD_UNREADABLE for a torn one. */
export async function readRun(ledger: Ledger, runId: string): Promise<RunRecord | undefined> {
  if (!runIdPattern.test(runId)) return undefined;
  const record = parseRun(ledger, runId, await readHash(ledger, runId));
  if (record instanceof BulkError) throw record;
  return record;
}

/** Several records in one round trip; those that are gone or torn are left out. */
export async function readRuns(
  ledger: Ledger,
  runIds: readonly string[],
): Promise<readonly RunRecord[]> {
  if (runIds.length === 0) return [];
  const pipeline = ledger.redis.pipeline();
  for (const id of runIds) pipeline.hgetall(`${ledger.base}run:${id}`);
  const hashes = await executed(pipeline);
  return runIds.flatMap((id, index) => {
    const record = parseRun(ledger, id, hashes[index]);
    return record === undefined || record instanceof BulkError ? [] : [record];
  });
}

/** Why the open runs cannot be read that cannot, by id. */
export async function unreadableOpenRuns(ledger: Ledger): Promise<ReadonlyMap<string, BulkError>> {
  const ids = await guarded(() => ledger.redis.zrange(`${ledger.base}runs-open`, "0", "-1"));
  const faults = new Map<string, BulkError>();
  for (const id of ids) {
    const record =
      parseRun(ledger, id, await readHash(ledger, id)) ?? notReadable("run", id, "gone");
    if (record instanceof BulkError) faults.set(id, record);
  }
  return faults;
}

async function readHash({ redis, base }: Ledger, runId: string): Promise<unknown> {
  return await guarded(() => redis.hgetall(`${base}run:${runId}`));
}

/** Runs that are not done with: unfinished, or cancelled with loads yet to be cancelled. By order. */
export async function readOpenRuns(ledger: Ledger): Promise<readonly RunRecord[]> {
  const ids = await guarded(() => ledger.redis.zrange(`${ledger.base}runs-open`, "0", "-1"));
  return await readRuns(ledger, ids);
}

const writeScript = `
local id, record = ARGV[1], ARGV[3]
local key = base .. 'run:' .. id
if redis.call('HGET', key, 'revision') ~= ARGV[2] then return 'fenced' end
redis.call('HSET', key, 'record', record)
local revision = stamp()
redis.call('HSET', key, 'revision', revision)
if ARGV[4] == '1' then
  redis.call('ZREM', base .. 'runs-open', id)
  redis.call('EXPIRE', key, ARGV[5])
  for _, target in ipairs(cjson.decode(record).targets) do
    redis.call('DEL', key .. ':files:' .. target.name)
  end
end
return revision
`;

/**
 * Writes what has changed of a run that was read; answers it as it now stands. `closed` says that
 * nothing is left to do for it: it is kept for the retention. Throws ERR_LEDGER_FENCED where another
 * worker has moved it on.
 */
export async function writeRun(
  ledger: Ledger,
  run: RunRecord,
  changes: Partial<RunFacts>,
): Promise<RunRecord> {
  const next = { ...run, ...changes };
  const answer = await runScript(ledger, writeScript, [
    run.id,
    run.revision,
    factsOf(next),
    next.closed ? 1 : 0,
    retentionOf(ledger),
  ]);
  if (answer === "fenced") throw fencedRun(run);
  return { ...next, revision: textReply.parse(answer) };
}

/** An ERR_LEDGER_FENCED. */
export function fencedRun({ id, revision }: RunRecord): BulkError {
  return new BulkError(
    "ERR_LEDGER_FENCED",
    `run ${id} is no longer at revision ${revision}: another worker has moved it on`,
    { fields: { run: id, revision } },
  );
}

/** The JSON of a run's `record`. */
export function factsOf(run: RunFacts): string {
  return JSON.stringify(factsSchema.parse(run));
}

/** What the seal of a run covers: all that never changes. `spec` is its JSON as it is written. */
export function runSealFacts(
  runId: string,
  run: Pick<RunFacts, "date" | "cause" | "principal" | "backfill" | "leaveSlots"> & {
    readonly schedule: string;
    readonly spec: string;
  },
): readonly string[] {
  const { schedule, spec, date, cause, principal, backfill = "", leaveSlots = "" } = run;
  return ["run", runId, schedule, spec, date, cause, principal, backfill, String(leaveSlots)];
}

function parseRun(ledger: Ledger, id: string, hash: unknown): RunRecord | BulkError | undefined {
  const fields = hashReply.parse(hash ?? {});
  if (Object.keys(fields).length === 0) return undefined;
  const parsed = runHashSchema.safeParse(fields);
  if (!parsed.success) return notReadable("run", id, parsed.error);
  const { record, ...rest } = parsed.data;
  const { schedule = "", spec = "", seal } = fields;
  const genuine = isGenuine(ledger, runSealFacts(id, { ...record, schedule, spec }), seal);
  return { ...record, ...rest, id, genuine };
}
