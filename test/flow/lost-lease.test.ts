/** A worker that loses Redis in the middle of an upload, as a process, against one that takes over. */
import { afterEach, expect, inject, it, onTestFinished } from "vitest";
import { orders, ordersCsv, rowsOf, schema } from "./csv.ts";
import { recordsHash } from "./records-hash.ts";
import { type Rig, startRig } from "./rig.ts";
import { startTcpRelay, type TcpRelay } from "./tcp-relay.ts";
import type { Tuning } from "./tuned-worker.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

const rows = rowsOf(40);
const tuning: Tuning = { lockMs: 2000, sweepEveryMs: 500 };
const environment = { HEADGATE_TEST_TUNING: JSON.stringify(tuning) };

/** A relay to the server of `url`, and the URL that leads through it. */
async function relayTo(url: string): Promise<{ readonly relay: TcpRelay; readonly url: string }> {
  const through = new URL(url);
  const relay = await startTcpRelay(Number(through.port));
  onTestFinished(() => relay.close());
  through.port = String(relay.port);
  return { relay, url: through.href.replace(/\/$/, "") };
}

/** All that the ledger has of loads and bulk jobs. */
async function records({ redis, prefix }: Rig): Promise<ReadonlyMap<string, object>> {
  const keys = await redis.keys(`${prefix}:{default}:*`);
  const found = new Map<string, object>();
  for (const key of keys.filter((name) => /:(load|bulk-job):[^:]+$/.test(name)).toSorted())
    found.set(key, await redis.hgetall(key));
  return found;
}

it("closes its sockets before another worker goes on, and writes nothing when Redis is back", async () => {
  const own = await startRig({ schemas: { crm: schema }, workers: 0 });
  rig = own;
  for (let i = 0; i < 2; i++)
    await own.put(`in/${i}.csv`, ordersCsv(rows.slice(20 * i, 20 * i + 20)));
  const load = await own.enqueue({ ...orders, source: { prefix: "s3://exports/in/" } });
  own.emulator.control.addFaults({ route: "upload", kind: "timeout", times: 1 });
  const redis = await relayTo(inject("redisUrl"));
  const api = await relayTo(own.emulator.url);
  const cutOff = own.startProcess("tuned", {
    ...environment,
    HEADGATE__REDIS__URL: redis.url,
    HEADGATE__CONNECTIONS__DEFAULT__LOGIN_URL: api.url,
  });
  await own.event((event) => event.type === "bulk-job.opened");
  const { control } = own.emulator;
  await expect.poll(() => control.requests().at(-1)?.kind, { timeout: 20_000 }).toBe("upload");

  redis.relay.blackHole();
  const heir = own.startProcess("tuned", environment);
  expect(api.relay.openWith("PUT /api")).toBe(1);
  await own.event((event) => event.type === "queue.lease-lost");
  await own.event((event) => event.type === "bulk-job.part-uploaded");
  expect(api.relay.openWith("PUT /api")).toBe(0);
  expect(await own.ended(load.id)).toMatchObject({ state: "complete", records: { settled: 40 } });
  const { objects } = await control.state();
  expect(objects).toMatchObject([{ rowsReceived: 40, keysHeld: 40, heldHash: recordsHash(rows) }]);

  heir.kill("SIGKILL");
  await heir.ended;
  const before = await records(own);
  redis.relay.heal();
  await own.put("late.csv", ordersCsv(rows));
  const late = await own.enqueue({ ...orders, source: { uri: "s3://exports/late.csv" } });
  expect(await own.ended(late.id)).toMatchObject({ state: "complete" });
  expect([...(await records(own))].filter(([key]) => before.has(key))).toEqual([...before]);
  // A task is over a moment after its load.
  await expect.poll(() => own.attemptsOf("bulk-jobs")).toEqual([1, 1]);
  cutOff.kill("SIGTERM");
  expect(await cutOff.ended).toMatchObject({ code: 0 });
});
