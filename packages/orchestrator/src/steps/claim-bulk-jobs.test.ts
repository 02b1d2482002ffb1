import { defaultPreflight, defaultSlotLimits, milliseconds } from "@headgate/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endBulkJob } from "../ledger/end-bulk-job.ts";
import { bulkJobOf, complete, loadOf, planLoadAs } from "../ledger/ledger.test-support.ts";
import { readQuota } from "../quota.ts";
import { doorOfTest, type TestDoor } from "../redis-loads.test-support.ts";
import { systemChance, systemStopwatch } from "../system-ports.ts";
import { claimBulkJobs } from "./claim-bulk-jobs.ts";
import { defaultStepSettings, type StepContext } from "./context.ts";
import { createTestStore, createTestTenant } from "./tenant.test-support.ts";

const { signal } = new AbortController();
const windowMs = 60_000;

/** A door whose window has this many slots, with the context of its steps. */
function world(slots: number): { readonly door: TestDoor; readonly context: StepContext } {
  const limits = { ...defaultSlotLimits, slots, permits: 100, windowMs: milliseconds(windowMs) };
  const door = doorOfTest({ limits });
  const context: StepContext = {
    ...door.of("default"),
    settings: { ...defaultStepSettings, maxFilesPerBulkJob: 1 },
    ports: {
      ingestion: createTestTenant().ingestion,
      source: createTestStore(new Map()),
      catalogue: new Map([["crm", "unchecked"]]),
      accessOf: () => "any",
      preflightOf: () => defaultPreflight,
      openScratch: () => Promise.reject(new Error("nothing is planned here")),
      chance: systemChance,
      stopwatch: systemStopwatch,
      emit: () => undefined,
    },
  };
  return { door, context };
}

async function planned(
  { door, context }: ReturnType<typeof world>,
  load: { readonly object: string; readonly parts?: number; readonly leaveSlots?: number },
): Promise<string> {
  const { object, leaveSlots = 0 } = load;
  const { id } = (await door.accept({ object, leaveSlots })).load;
  await planLoadAs(context.ledger, id, load.parts ?? 1);
  return id;
}

async function claimed({ ledger }: StepContext): Promise<readonly string[]> {
  const { permits } = await readQuota(ledger);
  return permits.holders.map((holder) => holder.object).toSorted();
}

async function finishAll({ ledger }: StepContext): Promise<void> {
  for (const { bulkJob } of (await readQuota(ledger)).permits.holders)
    await endBulkJob(ledger, await bulkJobOf(ledger, bulkJob), complete);
}

describe("a load that leaves slots", () => {
  it("waits while no more than so many are free, and keeps nobody else waiting", async () => {
    const test = world(3);
    await planned(test, { object: "backfill", leaveSlots: 2 });
    await planned(test, { object: "a" });
    await claimBulkJobs(test.context, signal);
    expect(await claimed(test.context)).toEqual(["a"]);
    await planned(test, { object: "b" });
    await planned(test, { object: "c" });
    await claimBulkJobs(test.context, signal);
    expect(await claimed(test.context)).toEqual(["a", "b", "c"]);
  });

  it("is woken when enough slots have returned, and claimed then", async () => {
    const test = world(3);
    await planned(test, { object: "backfill", leaveSlots: 2 });
    await planned(test, { object: "a" });
    await claimBulkJobs(test.context, signal);
    const wakeUps = await test.door.queues.upkeep.getJobs(["delayed", "waiting"]);
    expect(wakeUps.map((task) => task.id)).toContain("claim-default-at-1060");
    await finishAll(test.context);
    test.door.setNow(1_000_000 + windowMs);
    await claimBulkJobs(test.context, signal);
    expect(await claimed(test.context)).toEqual(["backfill"]);
  });

  it("does not wait where a load stands behind it that leaves none", async () => {
    const test = world(2);
    await planned(test, { object: "a" });
    await planned(test, { object: "orders", leaveSlots: 5 });
    await test.door.accept({ object: "orders" });
    await claimBulkJobs(test.context, signal);
    expect(await claimed(test.context)).toEqual(["a", "orders"]);
  });

  it("is claimed in the end, whatever it leaves and whatever else waits", async () => {
    const someLoads = fc.array(
      fc.record({
        object: fc.constantFrom("a", "b", "c", "d"),
        parts: fc.integer({ min: 1, max: 2 }),
        leaveSlots: fc.nat(6),
      }),
      { minLength: 1, maxLength: 8 },
    );
    const slots = fc.integer({ min: 1, max: 4 });
    await fc.assert(
      fc.asyncProperty(someLoads, slots, async (loads, count) => {
        const test = world(count);
        const ids: string[] = [];
        for (const load of loads) ids.push(await planned(test, load));
        const states = async () =>
          await Promise.all(ids.map(async (id) => (await loadOf(test.context.ledger, id)).state));
        // Each window claims at least one part, so as many windows as parts are enough.
        for (let round = 1; round <= 16; round++) {
          await claimBulkJobs(test.context, signal);
          await finishAll(test.context);
          test.door.setNow(1_000_000 + round * windowMs);
        }
        expect(new Set(await states())).toEqual(new Set(["complete"]));
      }),
      { numRuns: 15 },
    );
  }, 60_000);
});
