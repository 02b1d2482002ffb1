/** Tasks that run again though their work is over: retried on the board, queued twice, restored by hand. */
import { expect, it } from "vitest";
import { loadOf } from "../ledger/ledger.test-support.ts";
import { runBulkJob } from "./run-bulk-job.ts";
import { runLoad } from "./run-load.ts";
import { virtualFleet } from "./virtual-fleet.test-support.ts";

const signal = new AbortController().signal;

it("a second task of a load and of a bulk job that have ended does nothing", async () => {
  const fleet = virtualFleet();
  const { context, tenant, events } = fleet;
  const loadId = await fleet.load("orders");
  await fleet.run(60_000);
  const before = await loadOf(context.ledger, loadId);
  expect(before).toMatchObject({ state: "complete" });
  const [calls, told] = [tenant.calls.length, events.length];
  const claimed = events.find((e) => e.type === "bulk-job.claimed");
  const bulkJobId = claimed !== undefined && "bulkJobId" in claimed ? claimed.bulkJobId : "";

  expect(await runBulkJob(context, bulkJobId, signal)).toMatchObject({ kind: "done" });
  expect(await runLoad(context, loadId, signal)).toMatchObject({ kind: "done" });
  expect(tenant.calls).toHaveLength(calls);
  expect(events.slice(told).map(({ type }) => type)).toEqual(["load.ended"]);
  expect(await loadOf(context.ledger, loadId)).toEqual(before);
  expect(await context.ledger.redis.zcard(`${context.ledger.base}slots`)).toBe(1);
});
