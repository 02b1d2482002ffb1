import { defaultSlotLimits, milliseconds, type SlotLimits } from "@headgate/core";
import { expect, it } from "vitest";
import { endBulkJob } from "./ledger/end-bulk-job.ts";
import { closeGate } from "./ledger/gate.ts";
import { declareLoss } from "./ledger/history.ts";
import { bulkJobOf, claimAs, complete, planLoadAs } from "./ledger/ledger.test-support.ts";
import { recordObservation } from "./ledger/observation.ts";
import { publishLimits } from "./ledger/published.ts";
import { doorOfTest, type TestDoor } from "./redis-loads.test-support.ts";

const limits: SlotLimits = {
  slots: 4,
  windowMs: milliseconds(60_000),
  permits: 3,
  reserveSlots: 1,
  reservePermits: 1,
  oneBulkJobPerObject: true,
};

async function planned(door: TestDoor, object: string): Promise<string> {
  const { load } = await door.accept({ object });
  await planLoadAs(door.of("default").ledger, load.id, 1);
  return load.id;
}

it("shows the API's own limits, all free, before any worker has started", async () => {
  const [quota, ...more] = await doorOfTest().loads.quota();
  expect(more).toEqual([]);
  expect(quota).toEqual({
    connection: "default",
    slots: {
      limit: 20,
      reserved: 0,
      windowSeconds: defaultSlotLimits.windowMs / 1000,
      used: 0,
      foreign: 0,
      free: 20,
      returnsAt: [],
    },
    permits: { limit: 5, reserved: 0, used: 0, foreign: 0, holders: [] },
    waiting: [],
  });
});

it("shows what is used, by whom, what is free and when each slot returns", async () => {
  const door = doorOfTest({ limits });
  const { ledger } = door.of("default");
  await publishLimits(ledger);
  await planned(door, "orders");
  await claimAs(ledger, "job1");
  await endBulkJob(ledger, await bulkJobOf(ledger, "job1"), complete);
  door.setNow(1_010_000);
  const load = await planned(door, "customers");
  await claimAs(ledger, "job2", { object: "customers" });
  const foreign = { sourceName: "web", object: "visits", operation: "upsert", state: "Open" };
  await recordObservation(ledger, [{ ...foreign, id: "f1", state: "Open", createdAt: 1_005_000 }]);
  await planned(door, "orders");
  await planned(door, "orders");

  const at = (instant: number) => new Date(instant).toISOString();
  expect(await door.loads.quota("default")).toEqual([
    {
      connection: "default",
      slots: {
        limit: 4,
        reserved: 1,
        windowSeconds: 60,
        used: 3,
        foreign: 1,
        free: 1,
        returnsAt: [at(1_060_000), at(1_065_000), at(1_070_000)],
      },
      permits: {
        limit: 3,
        reserved: 1,
        used: 1,
        foreign: 1,
        holders: [
          {
            bulkJob: "job2",
            sourceName: "crm",
            object: "customers",
            phase: "claimed",
            since: at(1_010_000),
            loads: [load],
          },
        ],
      },
      waiting: [{ object: "crm/orders", loads: 2 }],
    },
  ]);

  door.setNow(1_060_000);
  expect((await door.loads.quota())[0]?.slots).toMatchObject({ used: 2, free: 2 });
  door.setNow(1_070_000);
  expect((await door.loads.quota())[0]?.slots).toMatchObject({ used: 0, free: 3, returnsAt: [] });
});

it("shows until when a 429 keeps the gate closed, and nothing once it is open", async () => {
  const door = doorOfTest();
  const { ledger } = door.of("default");
  await closeGate(ledger, { retryAfterMs: milliseconds(5000), random: 0 });
  expect((await door.loads.quota())[0]?.gateClosedUntil).toBe("1970-01-01T00:16:45.000Z");
  door.setNow(1_005_000);
  expect((await door.loads.quota())[0]).not.toHaveProperty("gateClosedUntil");
});

it("shows for 7 days that Redis has lost data, how long nothing is created, and whom it concerns", async () => {
  const door = doorOfTest();
  const { ledger } = door.of("default");
  const report = { sign: "emptied", unknownBulkJobs: ["r1"], missingLoads: ["default.a"] } as const;
  await declareLoss(ledger, { seenGeneration: undefined, generation: "g1", report });
  const days = 86_400_000;
  for (const now of [1_000_000, 1_000_000 + 7 * days - 1]) {
    door.setNow(now);
    expect((await door.loads.quota())[0]?.lost).toEqual({
      ...report,
      at: "1970-01-01T00:16:40.000Z",
      frozenUntil: new Date(1_000_000 + ledger.limits.windowMs).toISOString(),
      message: "the ledger is empty",
    });
  }
  door.setNow(1_000_000 + 7 * days);
  expect((await door.loads.quota())[0]).not.toHaveProperty("lost");
});

it("shows every connection, or the one that is named, or says that there is none such", async () => {
  const door = doorOfTest({ names: ["default", "emea"] });
  const names = (await door.loads.quota()).map((quota) => quota.connection);
  expect(names).toEqual(["default", "emea"]);
  expect((await door.loads.quota("emea")).map((quota) => quota.connection)).toEqual(["emea"]);
  await expect(door.loads.quota("apac")).rejects.toMatchObject({
    code: "ERR_UNKNOWN_CONNECTION",
    fields: { connection: "apac" },
  });
});
