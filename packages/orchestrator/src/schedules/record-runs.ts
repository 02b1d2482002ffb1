/** Records runs of a schedule, all or none: those of its instants, one by hand, those of a backfill. */
import { newRunTarget, orderTargets, type RunReason } from "@headgate/core";
import { z } from "zod";
import { guarded, type Ledger, retentionOf, runScript } from "../ledger/ledger.ts";
import type { ScheduleSpec } from "../schedule-spec.ts";
import { sealOf, tampered } from "../seals/seals.ts";
import { factsOf, type RunFacts, runSealFacts } from "./run-record.ts";
import type { ScheduleRecord } from "./schedule-record.ts";

const recordScript = `
local name, revision, due = ARGV[1], ARGV[2], ARGV[3]
local key, body, answer, keep, spec = ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8]
local most_open = ARGV[10]
local first, step = 11, 4
local schedule = base .. 'schedule:' .. name
if key ~= '' then
  local earlier = redis.call('HMGET', base .. 'run-keys:' .. key, 'body', 'answer')
  if earlier[1] then return {earlier[1] == body and 'replayed' or 'conflict', earlier[2]} end
end
if redis.call('HGET', schedule, 'revision') ~= revision then return {'fenced', ''} end
if most_open ~= '' and redis.call('ZCARD', base .. 'runs-open') + (argc + 1 - first) / step > tonumber(most_open) then
  return {'full', ''}
end
if key ~= '' then
  redis.call('HSET', base .. 'run-keys:' .. key, 'body', body, 'answer', answer)
  redis.call('EXPIRE', base .. 'run-keys:' .. key, keep)
end
if due ~= '' then
  redis.call('HSET', schedule, 'lastDue', due)
  redis.call('HSET', schedule, 'revision', stamp())
end
if ARGV[9] ~= '' then redis.call('SET', base .. 'backfill:' .. answer, ARGV[9], 'EX', keep) end
for i = first, argc, step do
  local id, run = ARGV[i], base .. 'run:' .. ARGV[i]
  local sequence = redis.call('INCR', base .. 'run-seq')
  redis.call('HSET', run, 'schedule', name, 'spec', spec, 'sequence', sequence, 'revision', stamp(),
    'record', ARGV[i + 1])
  if ARGV[i + 3] ~= '' then redis.call('HSET', run, 'seal', ARGV[i + 3]) end
  redis.call('ZADD', schedule .. ':runs', sequence, id)
  if ARGV[i + 2] == '1' then redis.call('ZADD', base .. 'runs-open', sequence, id)
  else redis.call('EXPIRE', run, keep) end
  redis.call('EXPIRE', schedule .. ':runs', 2 * keep)
end
return {'recorded', answer}
`;

/** A run to be recorded. */
export interface NewRun {
  readonly id: string;
  readonly facts: RunFacts;
}

/** Runs to record at once, and what else is written with them. */
export interface RunBatch {
  readonly schedule: ScheduleRecord;
  readonly runs: readonly NewRun[];
  /** Instant up to which the schedule's instants have been dealt with. */
  readonly lastDue?: number;
  /** Hashes of caller and key, and of the request; the same request is recorded once. */
  readonly idempotency?: { readonly key: string; readonly body: string } | undefined;
  /** Id that a replay answers: of the run, or of the backfill. */
  readonly answer?: string;
  /** JSON of the backfill called `answer`. */
  readonly backfill?: string;
  /** Unfinished runs that the connection may have with these; default any number. */
  readonly mostOpen?: number;
}

/** `fenced` where the schedule has changed since it was read, `full` over `mostOpen`; nothing was written then. */
export interface RecordAnswer {
  readonly kind: "recorded" | "replayed" | "conflict" | "fenced" | "full";
  readonly answer: string;
}

/** Records a batch; see the types. Throws ERR_RECORD_TAMPERED where the schedule is not as it was written. */
export async function recordRuns(ledger: Ledger, batch: RunBatch): Promise<RecordAnswer> {
  const { schedule, idempotency } = batch;
  if (!schedule.genuine) throw tampered("schedule", schedule.name);
  const spec = JSON.stringify(schedule.spec);
  const [kind, answer] = z
    .tuple([z.enum(["recorded", "replayed", "conflict", "fenced", "full"]), z.string()])
    .parse(
      await runScript(ledger, recordScript, [
        schedule.name,
        schedule.revision,
        batch.lastDue ?? "",
        idempotency?.key ?? "",
        idempotency?.body ?? "",
        batch.answer ?? "",
        retentionOf(ledger),
        spec,
        batch.backfill ?? "",
        batch.mostOpen ?? "",
        ...batch.runs.flatMap(({ id, facts }) => [
          id,
          factsOf(facts),
          facts.state === "waiting" ? 1 : 0,
          sealOf(ledger, runSealFacts(id, { ...facts, schedule: schedule.name, spec })),
        ]),
      ]),
    );
  return { kind, answer };
}

/** A run that waits for its turn. */
export function waitingRun(
  spec: ScheduleSpec,
  facts: Pick<RunFacts, "date" | "cause" | "principal" | "dueAt" | "backfill" | "leaveSlots">,
): RunFacts {
  return { ...facts, state: "waiting", targets: orderTargets(spec.targets).map(newRunTarget) };
}

/** A run that never begins. */
export function skippedRun(run: RunFacts, reason: RunReason, now: number): RunFacts {
  return { ...run, state: "skipped", reason, endedAt: now };
}

/** The JSON of a backfill, while it is kept. */
export async function readBackfill(ledger: Ledger, id: string): Promise<string | undefined> {
  return (await guarded(() => ledger.redis.get(`${ledger.base}backfill:${id}`))) ?? undefined;
}
