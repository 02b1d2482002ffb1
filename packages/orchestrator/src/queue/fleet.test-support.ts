/** A fleet of one test: door, tenant, store and workers, on the real Redis and BullMQ. */
import { EventEmitter, on } from "node:events";
import { tmpdir } from "node:os";
import { type ClientAccess, defaultPreflight, milliseconds, type SlotLimits } from "@headgate/core";
import { onTestFinished } from "vitest";
import type { HeadgateEvent } from "../events.ts";
import { openScratchFile } from "../preflight/scratch-file.ts";
import { doorOfTest, redisOfTest, type TestDoor } from "../redis-loads.test-support.ts";
import type { Seals } from "../seals/seals.ts";
import { defaultStepSettings, type StepContext, type StepSettings } from "../steps/context.ts";
import {
  createTestStore,
  createTestTenant,
  type TestTenant,
} from "../steps/tenant.test-support.ts";
import { systemChance, systemStopwatch } from "../system-ports.ts";
import { type FleetWorker, type FleetWorkerOptions, startFleetWorker } from "./fleet-worker.ts";

export interface TestFleet {
  readonly door: TestDoor;
  readonly tenant: TestTenant;
  readonly context: StepContext;
  /** URI to content. */
  readonly files: Map<string, string>;
  readonly events: readonly HeadgateEvent[];
  /** Starts one more worker; the test ends it where it has not done so itself. */
  work(options?: Partial<FleetWorkerOptions>): Promise<FleetWorker>;
  /** Waits for the first event, past or coming, that `matches`. */
  event(matches: (event: HeadgateEvent) => boolean): Promise<HeadgateEvent>;
  /** Puts a file with one record of `crm/<object>` in the store and accepts its load; answers the id. */
  load(object?: string): Promise<string>;
}

export function fleetOfTest(
  options: {
    readonly settings?: Partial<StepSettings>;
    readonly limits?: Partial<SlotLimits>;
    /** Rights of clients, by name; default, all may do anything. */
    readonly clients?: ReadonlyMap<string, ClientAccess>;
    /** Default none. */
    readonly seals?: Seals | undefined;
  } = {},
): TestFleet {
  const door = doorOfTest({
    clock: "redis",
    seals: options.seals,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const tenant = createTestTenant();
  const files = new Map<string, string>();
  const events: HeadgateEvent[] = [];
  const bus = new EventEmitter().setMaxListeners(0);
  const emit = (event: HeadgateEvent): void => {
    events.push(event);
    bus.emit("event", event);
  };
  const context: StepContext = {
    ...door.of("default"),
    settings: {
      ...defaultStepSettings,
      pollMinMs: milliseconds(10),
      pollMaxMs: milliseconds(50),
      observeEveryMs: milliseconds(50),
      createGraceMs: milliseconds(0),
      ...options.settings,
    },
    ports: {
      ingestion: tenant.ingestion,
      source: createTestStore(files),
      catalogue: new Map([["crm", "unchecked"]]),
      accessOf: (principal) =>
        options.clients === undefined ? "any" : options.clients.get(principal),
      preflightOf: () => defaultPreflight,
      openScratch: () => openScratchFile(tmpdir(), systemChance.newId()),
      chance: systemChance,
      stopwatch: systemStopwatch,
      emit,
    },
  };
  return {
    door,
    tenant,
    context,
    files,
    events,
    async work(changes = {}) {
      const worker = await startFleetWorker({
        redis: redisOfTest(),
        prefix: door.prefix,
        queues: door.queues,
        contexts: new Map([["default", context]]),
        emit,
        drainMs: milliseconds(0),
        ...changes,
      });
      onTestFinished(() => worker.close());
      return worker;
    },
    async event(matches) {
      const coming = on(bus, "event");
      const past = events.find(matches);
      if (past !== undefined) return past;
      for await (const [event] of coming) if (matches(event)) return event;
      throw new Error("the bus has ended");
    },
    async load(object = "orders") {
      const uri = `s3://bucket/${object}-${files.size}.csv`;
      files.set(uri, `id\n${files.size}\n`);
      const { load } = await door.accept({ object, source: { uri } });
      return load.id;
    },
  };
}
