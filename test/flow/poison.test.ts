/** Loads that kill the workers that touch them, as processes that really die. */
import { afterEach, expect, it } from "vitest";
import { customers, orders, ordersCsv, rowsOf, schema } from "./csv.ts";
import { recordsHash } from "./records-hash.ts";
import { type Rig, startRig } from "./rig.ts";
import type { Tuning } from "./tuned-worker.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

const rows = rowsOf(20);

it.each(["planning", "upload"] as const)(
  "a load that kills three workers in its %s fails by name, and those that it took with it go on",
  { timeout: 120_000 },
  async (diesOf) => {
    const own = await startRig({ schemas: { crm: schema }, workers: 0 });
    rig = own;
    const tuning: Tuning = { lockMs: 2000, sweepEveryMs: 500, diesOf };
    const tuned = (more: Tuning) => ({
      HEADGATE_TEST_TUNING: JSON.stringify({ ...tuning, ...more }),
      // All loads at once.
      HEADGATE__WORKER__PLAN_CONCURRENCY: "3",
    });
    const poison = await own.put("poison.csv", ordersCsv([["k", "poison"]]));
    const good = await own.put("good.csv", ordersCsv(rows));
    const other = await own.put("other.csv", "id,name\nc,d\n");
    const { id: poisonous } = await own.enqueue({ ...orders, source: { uri: poison } });
    const { id: behind } = await own.enqueue({ ...orders, source: { uri: good } });
    const { id: aside } = await own.enqueue({ ...customers, source: { uri: other } });
    for (let death = 0; death < 3; death++) {
      // The first takes an innocent load with it, and so would the others if the two were not kept apart.
      const victim = own.startProcess("tuned", tuned({ meetMs: death === 0 ? 60_000 : 2000 }));
      expect(await victim.ended).toMatchObject({ code: null, signal: "SIGKILL" });
    }
    const last = own.startProcess("tuned", tuned({}));
    expect(await own.ended(poisonous)).toMatchObject({
      state: "failed",
      reason: { code: "quarantined", message: expect.stringContaining("3 workers in a row") },
    });
    expect(await own.ended(behind)).toMatchObject({ state: "complete" });
    expect(await own.ended(aside)).toMatchObject({ state: "complete" });
    const others = own.events
      .filter((event) => event.type === "load.suspect")
      .filter(({ loadId }) => loadId !== poisonous);
    expect(others).toContainEqual(expect.objectContaining({ work: diesOf, deaths: 1 }));
    // However often they waited beside the poison while it killed a worker, that was not held against them.
    expect(others.filter(({ deaths }) => deaths > 1)).toEqual([]);
    const { objects } = await own.emulator.control.state();
    expect(objects).toContainEqual(
      expect.objectContaining({ object: "orders", heldHash: recordsHash(rows) }),
    );
    last.kill("SIGTERM");
    expect(await last.ended).toMatchObject({ code: 0 });
  },
);
