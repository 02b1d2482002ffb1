import { describe, expect, it } from "vitest";
import { loadOf } from "../ledger/ledger.test-support.ts";
import { fleetOfTest, type TestFleet } from "../queue/fleet.test-support.ts";
import { runLoad } from "./run-load.ts";

const signal = new AbortController().signal;

/** Fails every bulk job that holds a file with the record `bad`. */
function failWith({ tenant }: TestFleet, bad: number): void {
  tenant.hold("close", async () => {
    const closing = [...tenant.bulkJobs.values()].find(({ state }) => state === "Open");
    const isBad = closing?.files.includes(`id\n${bad}\n`) ?? false;
    tenant.closedState = isBad ? "Failed" : "JobComplete";
  });
}

/** Loads of one object that are claimed together: the line waits for its head to be planned. */
async function waitTogether(fleet: TestFleet, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push(await fleet.load());
  for (const id of ids.toReversed()) await runLoad(fleet.context, id, signal);
  return ids;
}

async function allEnded(fleet: TestFleet, ids: readonly string[]): Promise<readonly string[]> {
  for (const id of ids) await fleet.event((e) => e.type === "load.ended" && e.loadId === id);
  return await Promise.all(ids.map(async (id) => (await loadOf(fleet.context.ledger, id)).state));
}

describe("loads whose shared bulk job the API reports as Failed", () => {
  it("are tried among fewer until the bad one is alone, in their order, and nothing is charged", async () => {
    const fleet = fleetOfTest();
    const ids = await waitTogether(fleet, 5);
    failWith(fleet, 2);
    await fleet.work();
    expect(await allEnded(fleet, ids)).toEqual([
      "complete",
      "complete",
      "failed",
      "complete",
      "complete",
    ]);
    const { ledger } = fleet.context;
    expect(await loadOf(ledger, ids[2] ?? "")).toMatchObject({
      reasonCode: "bulk_job_failed",
      restarts: 0,
    });
    const files = [...fleet.tenant.bulkJobs.values()].map((job) =>
      job.files.map((file) => file.split("\n")[1]).join(""),
    );
    expect(files).toEqual(["01234", "012", "01", "23", "2", "3", "4"]);
  });

  it("fail each by itself where all are bad", async () => {
    const fleet = fleetOfTest();
    const ids = await waitTogether(fleet, 2);
    fleet.tenant.closedState = "Failed";
    await fleet.work();
    expect(await allEnded(fleet, ids)).toEqual(["failed", "failed"]);
    expect(fleet.tenant.bulkJobs.size).toBe(3);
  });
});
