/** Three workers: each runs the real tasks on a machine of its own, and is started again when it has ended. */
import {
  bytes,
  type ConnectorCatalogue,
  defaultPreflight,
  defaultReapSettings,
  epochMs,
  isBulkError,
  milliseconds,
  seconds,
} from "@headgate/core";
import { defaultStepSettings, type StepContext, type StepSettings } from "@headgate/orchestrator";
import { openMemoryRedis } from "@headgate/orchestrator/memory-redis";
import {
  bulkJobProcessor,
  createIsolation,
  createLedgerMemory,
  createTaskSignals,
  type Ledger,
  loadProcessor,
  lookAtHistory,
  loseTouch,
  queueNames,
  scheduleUpkeep,
  unexpectedErrorWaitMs,
  upkeepProcessor,
} from "@headgate/orchestrator/simulation";
import { createMachine, type Machine } from "./machine.ts";
import { asProcessor } from "./queue/bullmq-shapes.ts";
import { openTaskQueues } from "./queue/task-queues.ts";
import { createTaskWorker, type TaskWorker } from "./queue/task-worker.ts";
import type { RedisLink } from "./redis-link.ts";
import { limitsOf, type Scene } from "./scene.ts";
import { openMemoryScratch } from "./scratch.ts";
import { createSourcePort } from "./source-files.ts";
import { createIngestionPort } from "./tenant/ingestion-port.ts";
import { header, sourceName } from "./workload.ts";

export interface Worker {
  readonly machine: Machine;
}

export interface Fleet {
  readonly workers: () => readonly Worker[];
  startAll(): void;
  /** Starts a place's next worker after a pause. */
  startAgain(place: number, pauseMs: number): void;
}

/** One for all: the stack of each would cost more than all else that a deadline does. */
const timeIsOver = new DOMException("the time is over", "TimeoutError");
/** Time that a stopping worker gives the steps under way. */
const drainMs = 25_000;
const lockMs = seconds(30);

export function createFleet(scene: Scene): Fleet {
  const { time, plan, random } = scene;
  const places: { started: number; worker: Worker | undefined }[] = plan.skewMs.map(() => ({
    started: 0,
    worker: undefined,
  }));

  function start(place: number): void {
    const at = places[place];
    if (at === undefined || at.worker?.machine.alive === true) return;
    at.started++;
    const machine = createMachine({
      name: `w${place}.${at.started}`,
      skewMs: plan.skewMs[place] ?? 0,
      now: time.now,
    });
    at.worker = startWorker(scene, machine);
    machine.onDeath(() => startAgain(place, random.int(5_000, 600_000)));
  }

  function startAgain(place: number, pauseMs: number): void {
    time.in(pauseMs, `worker ${place} starts`, () => start(place));
  }

  return {
    workers: () => places.flatMap(({ worker }) => (worker?.machine.alive ? [worker] : [])),
    startAll() {
      for (const place of places.keys()) start(place);
    },
    startAgain,
  };
}

function startWorker(scene: Scene, machine: Machine): Worker {
  const { time, dispatch, hooks } = scene;
  const link = scene.linkOf(machine, { failsFast: false });
  const drain = new AbortController();
  const stop = new AbortController();
  const contexts = new Map(
    [...scene.tenants.keys()].map((name) => [name, contextOf(scene, machine, link, name)]),
  );
  const deps = {
    contextOf(name: string): StepContext {
      const context = contexts.get(name);
      if (context === undefined) throw new TypeError(`there is no connection ${name}`);
      return context;
    },
    drain: drain.signal,
    stop: stop.signal,
    lockMs,
    isolation: createIsolation(),
  };
  const worker = createTaskWorker({
    time,
    machine,
    link,
    store: dispatch.store,
    lockMs,
    queues: new Map([
      [queueNames.loads, { processor: asProcessor(loadProcessor(deps)), concurrency: 2 }],
      [queueNames.bulkJobs, { processor: asProcessor(bulkJobProcessor(deps)), concurrency: 10 }],
      [queueNames.upkeep, { processor: asProcessor(upkeepProcessor(deps)), concurrency: 3 }],
    ]),
    backoffMs: unexpectedErrorWaitMs,
    hasPlace: dispatch.look,
    unexpected(task, error) {
      scene.trace(`${machine.name} ${task.queue} ${task.id} met ${error.name}: ${error.message}`);
      scene.unexpected(task, error);
    },
  });
  machine.onDeath(() => dispatch.removeWorker(worker));
  machine.onTold(() => void stopInTime());
  void begin(scene, { machine, link, worker, contexts });
  return { machine };

  async function stopInTime(): Promise<void> {
    hooks.drainBegins(machine);
    drain.abort(new Error("the worker wants to stop"));
    time.in(
      drainMs,
      `${machine.name} stops now`,
      () => stop.abort(new Error("the worker stops")),
      machine,
    );
    await worker.close();
    hooks.drained(machine);
    machine.kill();
  }
}

async function begin(
  scene: Scene,
  started: {
    readonly machine: Machine;
    readonly link: RedisLink;
    readonly worker: TaskWorker;
    readonly contexts: ReadonlyMap<string, StepContext>;
  },
): Promise<void> {
  const { plan, dispatch } = scene;
  const { machine, contexts } = started;
  const queues = openTaskQueues(dispatch.store, started.link);
  const restore = (): Promise<void> =>
    scheduleUpkeep(queues, contexts, {
      sweepEveryMs: milliseconds(plan.sweepEveryMs),
      reapEveryMs: milliseconds(plan.reapEveryMs),
    });
  await restore();
  dispatch.addWorker(started.worker);
  watchHistory(scene, machine, () =>
    lookAtHistory({ queues, contexts, restore }, new AbortController().signal),
  );
}

/** Looks every now and then, and whenever Redis has come back, as a worker does by a timer of its own. */
function watchHistory(scene: Scene, machine: Machine, look: () => Promise<void>): void {
  const { time, plan, whenRedisIsBack } = scene;
  let isLooking = false;
  const lookNow = (): void => {
    if (isLooking) return;
    isLooking = true;
    // Its tasks tell that Redis or the tenant is away.
    void look()
      .catch((error: unknown) => {
        if (!isBulkError(error)) throw error;
      })
      .finally(() => {
        isLooking = false;
      });
  };
  const later = (): void => {
    lookNow();
    time.in(plan.lookEveryMs, `${machine.name} looks at the history`, later, machine);
  };
  const soon = (): void => {
    time.in(2_000, `${machine.name} is in touch again`, lookNow, machine);
  };
  whenRedisIsBack.add(soon);
  machine.onDeath(() => whenRedisIsBack.delete(soon));
  later();
}

const catalogue: ConnectorCatalogue = new Map([
  [
    sourceName,
    new Map(
      ["orders", "customers", "items"].map((name) => [
        name,
        {
          name,
          fields: header.split(",").map((field) => ({ name: field, type: "text" as const })),
          primaryKey: "id",
        },
      ]),
    ),
  ],
]);

function contextOf(scene: Scene, machine: Machine, link: RedisLink, name: string): StepContext {
  const { time, plan, counters, crashes } = scene;
  const random = scene.random.fork(`${machine.name} ${name}`);
  const tenant = scene.tenants.get(name);
  const faults = scene.callFaults.get(name);
  if (tenant === undefined || faults === undefined) throw new TypeError(`no tenant ${name}`);
  const memory = createLedgerMemory(machine.name);
  link.onBreak(() => loseTouch(memory));
  const ledger: Ledger = {
    redis: openMemoryRedis(scene.keyspace, { via: link.via }),
    connection: name,
    base: scene.baseOf(name),
    limits: limitsOf(plan),
    clock: () => epochMs(time.now()),
    memory,
  };
  let ids = 0;
  const emit = (event: Parameters<StepContext["ports"]["emit"]>[0]): void =>
    scene.emitted(machine, event);
  const queues = openTaskQueues(scene.dispatch.store, link);
  return {
    ledger,
    signals: createTaskSignals({ ledger, queues, emit, random: random.next }),
    settings: settingsOf(plan),
    ports: {
      ingestion: createIngestionPort({
        time,
        machine,
        tenant,
        random,
        faults,
        counters,
        crashes,
        spoil: scene.spoil,
        watch: scene.callWatchOf(name),
      }),
      source: createSourcePort({
        time,
        machine,
        files: scene.files,
        random,
        counters,
        crashes,
        readingMs: (uri) => scene.workload.loadOfUri.get(uri)?.readingMs ?? 0,
        fault: (uri) => scene.sourceFault(uri),
      }),
      catalogue,
      accessOf: () => "any",
      preflightOf: () => ({ ...defaultPreflight, duplicates: false }),
      openScratch: () => Promise.resolve(openMemoryScratch()),
      chance: {
        random: random.next,
        newId: () => `${machine.name.replace(".", "x")}${name[0]}${(++ids).toString(36)}`,
      },
      stopwatch: {
        elapsedMs: () => time.now() - plan.start,
        deadline(ms) {
          const ends = new AbortController();
          time.in(ms, `deadline of ${machine.name}`, () => ends.abort(timeIsOver), machine);
          return ends.signal;
        },
        after: (ms, run) => time.in(ms, `timer of ${machine.name}`, run, machine),
      },
      emit,
    },
  };
}

function settingsOf(plan: Scene["plan"]): StepSettings {
  return {
    ...defaultStepSettings,
    maxFilesPerBulkJob: plan.maxFiles,
    maxPartBytes: bytes(plan.maxPartBytes),
    pollMinMs: milliseconds(plan.pollMinMs),
    pollMaxMs: milliseconds(plan.pollMaxMs),
    observeEveryMs: milliseconds(plan.observeEveryMs),
    onUnknownUpload: plan.onUnknownUpload,
    reap: {
      ...defaultReapSettings,
      alarmAgeMs: milliseconds(0.65 * plan.retentionMs),
      abortAgeMs: milliseconds(0.75 * plan.retentionMs),
    },
  };
}
