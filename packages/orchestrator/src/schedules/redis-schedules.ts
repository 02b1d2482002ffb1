/** The door to schedules on Redis; see `Schedules` for what each method promises. */
import { BulkError, checkConnection, isBulkError } from "@headgate/core";
import { connectionNamed } from "../connection-named.ts";
import { guarded, ledgerNow } from "../ledger/ledger.ts";
import { connectionOf } from "../ledger/load-record.ts";
import { iso } from "../load-view.ts";
import type { Loads } from "../loads.ts";
import { entriesBehind, formatCursor, parseCursor } from "../pages.ts";
import { scheduleNamePattern } from "../schedule-spec.ts";
import type { RunPage, Schedules, ScheduleView } from "../schedules.ts";
import { askBackfill, askRun } from "./ask-runs.ts";
import { cancelRun, noRun } from "./cancel-run.ts";
import { nextInstants } from "./cron.ts";
import { endRun } from "./end-run.ts";
import { type RunRecord, readRun, readRuns } from "./run-record.ts";
import { runView } from "./run-view.ts";
import { checkSchedule } from "./schedule-faults.ts";
import {
  isAsleep,
  noSchedule,
  readSchedule,
  readSchedules,
  removeSchedule,
  type ScheduleRecord,
  setPaused,
  writeSchedule,
} from "./schedule-record.ts";
import { someRequest } from "./some-request.ts";
import { tellQueue } from "./tell-queue.ts";
import type { TickContext } from "./tick-context.ts";

/** Instants shown with a schedule. */
const nextShown = 5;
const defaultPage = 20;

export interface RedisSchedulesOptions {
  /** By connection. */
  readonly connections: ReadonlyMap<string, Pick<TickContext, "ledger" | "signals">>;
  readonly loads: Loads;
  readonly ports: TickContext["ports"];
}

/** Schedules of these connections. */
export function createRedisSchedules(options: RedisSchedulesOptions): Schedules {
  const { loads, ports } = options;
  const contexts = new Map(
    [...options.connections].map(([name, connection]) => [name, { ...connection, ports }]),
  );

  /** Where a schedule of this name is, which may be written `connection.name`. */
  async function find(
    name: string,
  ): Promise<{ readonly context: TickContext; readonly record: ScheduleRecord }> {
    const [first = "", second] = name.split(".", 2);
    const [own, among] =
      second === undefined ? [first, [...contexts.values()]] : [second, [contexts.get(first)]];
    const found: { readonly context: TickContext; readonly record: ScheduleRecord }[] = [];
    for (const context of among) {
      const record = context === undefined ? undefined : await readSchedule(context.ledger, own);
      if (context !== undefined && record !== undefined) found.push({ context, record });
    }
    const [only, another] = found;
    if (only === undefined) throw noSchedule(name);
    if (another !== undefined)
      throw ambiguous(
        name,
        found.map(({ record }) => record),
      );
    return only;
  }

  async function viewOf(context: TickContext, record: ScheduleRecord): Promise<ScheduleView> {
    const { ledger } = context;
    const index = `${ledger.base}schedule:${record.name}:runs`;
    const [last] = await readRuns(ledger, await guarded(() => ledger.redis.zrevrange(index, 0, 0)));
    const { name, origin, principal, spec } = record;
    return {
      name,
      origin,
      principal,
      paused: record.paused === "1",
      spec,
      nextRuns: isAsleep(record) ? [] : await nextOf(context, record, nextShown),
      ...(last === undefined ? {} : { lastRun: runView(last) }),
    };
  }

  async function nextOf(
    { ledger }: TickContext,
    { spec }: ScheduleRecord,
    count: number,
  ): Promise<readonly string[]> {
    return nextInstants(spec, await ledgerNow(ledger), count).map(iso);
  }

  async function pauseOrResume(name: string, paused: boolean): Promise<ScheduleView> {
    const { context, record } = await find(name);
    if ((await setPaused(context.ledger, record.name, paused)) === "gone") throw noSchedule(name);
    return await shown(context, record.name);
  }

  /** The schedule as it now stands, its wake-ups set. */
  async function shown(context: TickContext, name: string): Promise<ScheduleView> {
    const record = await readSchedule(context.ledger, name);
    if (record === undefined) throw noSchedule(name);
    const timing = isAsleep(record) ? undefined : record.spec;
    await tellQueue(context, (to) => to.scheduleChanged(name, timing));
    return await viewOf(context, record);
  }

  return {
    async list(connection) {
      const chosen =
        connection === undefined ? [...contexts.values()] : [connectionNamed(contexts, connection)];
      const views = chosen.map(async (context) => {
        const records = await readSchedules(context.ledger);
        return await Promise.all(records.map((record) => viewOf(context, record)));
      });
      return (await Promise.all(views)).flat();
    },
    async get(name) {
      const { context, record } = await find(name);
      return await viewOf(context, record);
    },
    async create(name, spec, caller) {
      const context = connectionNamed(contexts, spec.connection);
      checkName(name);
      checkSchedule(spec);
      for (const target of spec.targets) await loads.check(someRequest(spec, target), caller);
      const schedule = { name, origin: "api", principal: caller.principal, spec } as const;
      if ((await writeSchedule(context.ledger, schedule, "create")) === "exists")
        throw exists(name);
      return await shown(context, name);
    },
    async remove(name) {
      const { context, record } = await find(name);
      const answer = await removeSchedule(context.ledger, record.name, "api");
      if (answer === "fixed") throw fixed(record.name);
      if (answer === "gone") throw noSchedule(name);
      await tellQueue(context, (to) => to.scheduleChanged(record.name, undefined));
    },
    pause: (name) => pauseOrResume(name, true),
    resume: (name) => pauseOrResume(name, false),
    async runNow(name, asked) {
      const { context, record } = await find(name);
      if (asked.caller.access !== undefined)
        checkConnection(asked.caller.access, record.spec.connection);
      return await askRun(context, record, asked);
    },
    async backfill(name, asked) {
      const { context, record } = await find(name);
      if (asked.caller.access !== undefined)
        checkConnection(asked.caller.access, record.spec.connection);
      return await askBackfill(context, record, asked);
    },
    async nextRuns(name, count) {
      if (!Number.isSafeInteger(count) || count < 1 || count > 100)
        throw new BulkError("ERR_REQUEST_INVALID", `count: ${count}; it must be 1 to 100`, {
          fields: { field: "count" },
        });
      const { context, record } = await find(name);
      return isAsleep(record) ? [] : await nextOf(context, record, count);
    },
    async runs(name, page) {
      const { context, record } = await find(name);
      return await runPage(context, record.name, page);
    },
    async run(id) {
      const ledger = contexts.get(connectionOf(id))?.ledger;
      const run = ledger === undefined ? undefined : await readRun(ledger, id);
      return run === undefined ? undefined : runView(run);
    },
    async cancelRun(id) {
      const context = contexts.get(connectionOf(id));
      if (context === undefined) throw noRun(id);
      const [own, ...rest] = await cancelRun(context.ledger, id);
      for (const run of [own, ...rest]) await finish(context, run, loads);
      return runView(own);
    },
  };
}

/** Cancels a run's loads and ends its task; where a worker is at it already, that one does so. */
async function finish(context: TickContext, run: RunRecord, loads: Loads): Promise<void> {
  try {
    await endRun(context, run, loads);
  } catch (error) {
    if (!isBulkError(error, "ERR_LEDGER_FENCED")) throw error;
  }
  await tellQueue(context, (to) => to.runChanged(run.id));
}

/** Runs of a schedule, newest first; the cursor names the last one of the page before. */
async function runPage(
  { ledger }: TickContext,
  name: string,
  { limit = defaultPage, cursor }: { readonly limit?: number; readonly cursor?: string },
): Promise<RunPage> {
  const index = { ledger, keys: [`schedule:${name}:runs`] };
  const last = cursor === undefined ? undefined : parseCursor(cursor);
  const entries = await entriesBehind([index], last, limit + 1);
  const shown = entries.slice(0, limit);
  const runs = (
    await readRuns(
      ledger,
      shown.map(({ id }) => id),
    )
  ).map(runView);
  const end = shown.at(-1);
  return entries.length > limit && end !== undefined
    ? { runs, nextCursor: formatCursor(end) }
    : { runs };
}

function checkName(name: string): void {
  if (scheduleNamePattern.test(name)) return;
  throw new BulkError(
    "ERR_REQUEST_INVALID",
    `name: "${name.slice(0, 100)}"; it must be a-z, 0-9 and -, 1 to 48 long`,
    { fields: { field: "name" } },
  );
}

function ambiguous(name: string, records: readonly ScheduleRecord[]): BulkError {
  const names = records.map(({ spec }) => `${spec.connection}.${name}`).join(", ");
  return new BulkError("ERR_REQUEST_INVALID", `schedule: "${name}" is one of several: ${names}`, {
    fields: { field: "schedule" },
  });
}

function exists(name: string): BulkError {
  return new BulkError("ERR_SCHEDULE_EXISTS", `there is a schedule "${name}" already`, {
    fields: { schedule: name },
  });
}

function fixed(name: string): BulkError {
  return new BulkError(
    "ERR_SCHEDULE_FIXED",
    `schedule "${name}" stands in headgate.yaml; remove it there, or pause it`,
    { fields: { schedule: name } },
  );
}
