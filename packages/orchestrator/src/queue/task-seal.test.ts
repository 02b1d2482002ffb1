/** Tasks changed as Bull Board can: by "update data", "add", and from one task to another. */
import { milliseconds } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { sealsOfTest } from "../seals/seals.test-support.ts";
import { runLoad } from "../steps/run-load.ts";
import { fleetOfTest, type TestFleet } from "./fleet.test-support.ts";

const { signal } = new AbortController();

const refused = (fleet: TestFleet, id: string) =>
  fleet.event((e) => e.type === "record.refused" && e.what === "task" && e.id === id);

const ended = (fleet: TestFleet, id: string) =>
  fleet.event((event) => event.type === "load.ended" && event.loadId === id);

describe("a task with a seal", () => {
  it("carries ids and their seal, and nothing else", async () => {
    const fleet = fleetOfTest({ seals: sealsOfTest });
    const id = await fleet.load();
    expect((await fleet.door.queues.loads.getJob(id))?.data).toEqual({
      connection: "default",
      loadId: id,
      seal: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  it.each([
    ["without its seal", (own: object) => ({ ...own, seal: undefined })],
    ["with a made-up seal", (own: object) => ({ ...own, seal: "A".repeat(43) })],
    ["with all of another task", (_own: object, other: object) => other],
    [
      "with another's id",
      (own: object, other: object) => ({ ...other, ...own, loadId: "default.x" }),
    ],
    ["with another's seal", (own: object, other: object) => ({ ...own, ...other, ...pick(own) })],
  ])("%s fails by name, and the sweep makes it right", async (_, change) => {
    const fleet = fleetOfTest({ seals: sealsOfTest });
    const { loads } = fleet.door.queues;
    const [id, other] = [await fleet.load(), await fleet.load("items")];
    const task = await loads.getJob(id);
    const model = await loads.getJob(other);
    await task?.updateData(change(task.data, model?.data));
    await fleet.work({ sweepEveryMs: milliseconds(50) });
    await refused(fleet, id);
    expect(await ended(fleet, other)).toMatchObject({ state: "complete" });
    expect(await ended(fleet, id)).toMatchObject({ state: "complete" });
    expect(fleet.events.filter(({ type }) => type === "record.refused")).toHaveLength(1);
  });

  it("that was added by hand for a load that is there is refused, and the load has its own", async () => {
    const fleet = fleetOfTest({ seals: sealsOfTest });
    const id = await fleet.load();
    const own = await fleet.door.queues.loads.getJob(id);
    await fleet.door.queues.loads.add("forged", own?.data, { jobId: "forged" });
    await fleet.work();
    await refused(fleet, "forged");
    expect(await ended(fleet, id)).toMatchObject({ state: "complete" });
  });

  it("of a bulk job that was changed is put right by the sweep, and its parts are loaded once", async () => {
    const fleet = fleetOfTest({ seals: sealsOfTest });
    const id = await fleet.load();
    await runLoad(fleet.context, id, signal);
    const { bulkJobs } = fleet.door.queues;
    const [task] = await bulkJobs.getJobs(["waiting", "delayed"]);
    await task?.updateData({ ...task.data, seal: "" });
    await fleet.work({ sweepEveryMs: milliseconds(50) });
    await refused(fleet, task?.id ?? "");
    expect(await ended(fleet, id)).toMatchObject({ state: "complete" });
    expect(fleet.tenant.calls.filter((call) => call === "create")).toHaveLength(1);
  });
});

function pick(own: object): object {
  return "loadId" in own ? { loadId: own.loadId } : {};
}
