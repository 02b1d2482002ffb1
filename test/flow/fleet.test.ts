/** Several worker processes on one Redis against a tenant with small limits. */
import type { LoadView } from "@headgate/orchestrator";
import { afterEach, expect, it } from "vitest";
import { csv, rowsOf } from "./csv.ts";
import { recordsHash } from "./records-hash.ts";
import { type Rig, startRig } from "./rig.ts";
import type { Tuning } from "./tuned-worker.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

const objects = ["a", "b", "c", "d", "e", "f", "g", "h"];
const schema = [
  "openapi: 3.0.3",
  "components:",
  "  schemas:",
  ...objects.map(
    (name) =>
      `    ${name}: { type: object, properties: { id: { type: string }, note: { type: string } } }`,
  ),
].join("\n");

const slots = 6;
const permits = 3;
const windowMs = 3000;
const perLoad = 10;

/** Accepts a load of each object; its records follow on those of the round before. */
async function enqueueRound({ put, enqueue }: Rig, round: number): Promise<readonly LoadView[]> {
  return await Promise.all(
    objects.map(async (object) => {
      const body = csv([["id", "note"], ...rowsOf(perLoad, perLoad * round)]);
      const uri = await put(`${object}/${round}.csv`, body);
      return await enqueue({ sourceName: "crm", object, operation: "upsert", source: { uri } });
    }),
  );
}

it("keeps the tenant's limits and loses nothing, whoever of the fleet does what", async () => {
  rig = await startRig({
    schemas: { crm: schema },
    workers: 0,
    emulator: {
      slotsPerWindow: slots,
      slotWindowMs: windowMs,
      maxUnfinishedBulkJobs: permits,
      processingMs: 50,
    },
  });
  const { emulator } = rig;
  // The margin is for the way of a create call from its stamp to its arrival.
  const tuning: Tuning = { windowMs: windowMs + 1500, sweepEveryMs: 2000, observeEveryMs: 200 };
  const environment = {
    HEADGATE__CONNECTIONS__DEFAULT__LIMITS__SLOTS: String(slots),
    HEADGATE__CONNECTIONS__DEFAULT__LIMITS__PERMITS: String(permits),
    HEADGATE_TEST_TUNING: JSON.stringify(tuning),
  };
  const fleet = [1, 2, 3].map(() => rig?.startProcess("tuned", environment));
  const loads = [...(await enqueueRound(rig, 0)), ...(await enqueueRound(rig, 1))];
  await Promise.all(fleet.map((worker) => worker?.ready));
  await rig.event((event) => event.type === "bulk-job.opened");
  loads.push(...(await enqueueRound(rig, 2)), ...(await enqueueRound(rig, 3)));
  const ended = await Promise.all(loads.map((load) => rig?.ended(load.id)));

  expect(ended.map((load) => load?.state)).toEqual(Array(32).fill("complete"));
  const state = await emulator.control.state();
  const all = rowsOf(4 * perLoad);
  expect(state.objects.map(({ object }) => object).toSorted()).toEqual(objects);
  for (const object of state.objects)
    expect(object).toMatchObject({
      rowsReceived: all.length,
      rowsReceivedTwice: 0,
      hash: recordsHash(all),
    });

  expect(state.maxima.maxCreatesInRollingHour).toBeLessThanOrEqual(slots);
  expect(state.maxima.maxUnfinished).toBeLessThanOrEqual(permits);
  const creates = emulator.control.requests().filter((call) => call.kind === "create");
  expect(creates.map((call) => call.status)).toEqual(creates.map(() => 201));
  expect(creates.length).toBeGreaterThan(slots);
  const openers = new Set(
    rig.events.flatMap((event) => (event.type === "bulk-job.opened" ? [event.bulkJobId] : [])),
  );
  expect(openers.size).toBe(creates.length);
}, 60_000);
