import { milliseconds } from "@headgate/core";
import { expect, it, onTestFinished, vi } from "vitest";
import { readLoss, readWitness } from "../ledger/history.ts";
import { emptyLedger } from "../ledger/ledger-copy.test-support.ts";
import { createLedgerMemory } from "../ledger/ledger-memory.ts";
import { redisOfTest } from "../redis-loads.test-support.ts";
import type { StepContext } from "../steps/context.ts";
import { fleetOfTest, type TestFleet } from "./fleet.test-support.ts";
import { scheduleUpkeep } from "./fleet-worker.ts";
import { watchHistory } from "./watch-history.ts";

const never = milliseconds(3_600_000);

interface Watched {
  readonly fleet: TestFleet;
  readonly context: StepContext;
  readonly redis: ReturnType<typeof redisOfTest>;
  /** How often all was written down again. */
  readonly restored: () => number;
}

/** A watch that looks at its start, and from then on only when Redis has come back. */
async function watched(prepare: (fleet: TestFleet) => Promise<unknown>): Promise<Watched> {
  const fleet = fleetOfTest();
  const memory = createLedgerMemory("p1");
  const context = { ...fleet.context, ledger: { ...fleet.context.ledger, memory } };
  const contexts = new Map([["default", context]]);
  await prepare(fleet);
  const redis = redisOfTest();
  await redis.ping();
  let restored = 0;
  const watch = watchHistory({
    ...{ redis, queues: fleet.door.queues, contexts, everyMs: never },
    restore: async () => {
      await scheduleUpkeep(fleet.door.queues, contexts, {});
      restored++;
    },
    emit: () => undefined,
  });
  onTestFinished(() => watch.close());
  await vi.waitFor(() => expect(memory.witness).toBeDefined());
  return { fleet, context, redis, restored: () => restored };
}

function withUpkeep(fleet: TestFleet): Promise<void> {
  return scheduleUpkeep(fleet.door.queues, new Map([["default", fleet.context]]), {});
}

it("judges the ledger at its start, and restores nothing where nothing is missing", async () => {
  const { context, restored, redis } = await watched(withUpkeep);
  const { beat } = await readWitness(context.ledger);
  redis.disconnect(true);
  await vi.waitFor(async () =>
    expect((await readWitness(context.ledger)).beat).toBeGreaterThan(beat),
  );
  expect(await readLoss(context.ledger)).toBeUndefined();
  expect(restored()).toBe(0);
});

it("puts back rounds of upkeep that are missing", async () => {
  const { fleet, restored } = await watched(() => Promise.resolve());
  await vi.waitFor(() => expect(restored()).toBe(1));
  expect(await fleet.door.queues.upkeep.getJobScheduler("sweep-default")).toBeDefined();
});

it("notices a loss as soon as Redis is back, and restores what stands there", async () => {
  const { fleet, context, redis, restored } = await watched(withUpkeep);
  await emptyLedger(context.ledger);
  redis.disconnect(true);
  const lost = await fleet.event((event) => event.type === "ledger.lost");
  expect(lost).toMatchObject({ sign: "emptied" });
  await vi.waitFor(() => expect(restored()).toBe(1));
});

it("restores also while a tenant cannot be asked, which is asked again when Redis is back", async () => {
  const fleet = fleetOfTest();
  const memory = createLedgerMemory("p1");
  const context = { ...fleet.context, ledger: { ...fleet.context.ledger, memory } };
  const redis = redisOfTest();
  await redis.ping();
  const restore = vi.fn(() => Promise.resolve());
  fleet.tenant.failNext("list", "ERR_API_UNREACHABLE");
  const watch = watchHistory({
    ...{ redis, queues: fleet.door.queues, contexts: new Map([["default", context]]) },
    ...{ everyMs: never, restore, emit: () => undefined },
  });
  onTestFinished(() => watch.close());
  await vi.waitFor(() => expect(restore).toHaveBeenCalled());
  expect(memory.witness).toBeUndefined();
  redis.disconnect(true);
  await vi.waitFor(() => expect(memory.witness).toBeDefined());
});
