/** A Redis that is killed, emptied or restored from an older copy, as the emulator sees it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { milliseconds } from "@headgate/core";
import type { HeadgateEvent, LoadView } from "@headgate/orchestrator";
import { expect, it, onTestFinished, vi } from "vitest";
import { type RedisServer, startRedisServer } from "../chaos/redis-server.ts";
import { customers, orders, ordersCsv, rowsOf, schema } from "./csv.ts";
import { type Rig, startRig } from "./rig.ts";

/** The tenant's, and those that the fleet holds to: a slow machine may take the difference for a call. */
const slots = 3;
const tenantWindowMs = 2000;
const fleetWindowMs = 5000;
/** Losses of each kind, one after the other. */
const losses = 2;

interface Scene {
  readonly rig: Rig;
  readonly redis: RedisServer;
  /** Accepts a load of one record, again and again until Redis takes it. */
  send(key: string): Promise<LoadView>;
}

async function startScene(workers: number): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-lost-"));
  const redis = await startRedisServer(join(folder, "redis"));
  const url = `redis://:${redis.password}@127.0.0.1:${redis.port}`;
  const rig = await startRig({
    workers,
    schemas: { crm: schema },
    emulator: { slotsPerWindow: slots, slotWindowMs: tenantWindowMs, processingMs: 0 },
    limits: { slots, windowMs: milliseconds(fleetWindowMs) },
    redis: { admin: url, api: url, worker: url, prefix: "lost" },
  });
  onTestFinished(async () => {
    await rig.close();
    await redis.close();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    rig,
    redis,
    async send(key) {
      const uri = await rig.put(`${key}.csv`, ordersCsv(rowsOf(1)));
      const request = { ...orders, source: { uri } };
      return await vi.waitFor(() => rig.enqueue(request, key), { timeout: 10_000 });
    },
  };
}

function lossesOf({ rig }: Scene): readonly (HeadgateEvent & { readonly type: "ledger.lost" })[] {
  return rig.events.filter((event) => event.type === "ledger.lost");
}

async function nthLoss(scene: Scene, nth: number): Promise<ReturnType<typeof lossesOf>[number]> {
  await scene.rig.event(() => lossesOf(scene).length >= nth);
  const loss = lossesOf(scene)[nth - 1];
  if (loss === undefined) throw new Error("there must have been a loss");
  return loss;
}

/** Every worker has looked at the ledger twice since, so that it remembers the loads under way. */
async function looked({ redis }: Scene): Promise<void> {
  const beat = () => redis.client.hget("lost:{default}:witness", "beat");
  for (let look = 0; look < 4; look++) {
    const before = await beat();
    await vi.waitFor(async () => expect(await beat()).not.toBe(before), { timeout: 10_000 });
  }
}

/** The door, too, connects again only a while after Redis is back. */
async function endOf({ rig }: Scene, loadId: string): Promise<string> {
  await rig.event((event) => event.type === "load.ended" && event.loadId === loadId);
  await vi.waitFor(() => rig.loads.ping(), { timeout: 10_000 });
  return (await rig.ended(loadId)).state;
}

async function most({ rig }: Scene): Promise<number> {
  return (await rig.emulator.control.state()).maxima.maxCreatesInRollingHour;
}

/** That nothing is created from the notice of the loss on until the freeze is over. */
function expectFrozen({ rig }: Scene, { frozenUntil }: { readonly frozenUntil: number }): void {
  const noticed = frozenUntil - fleetWindowMs;
  const created = rig.emulator.control.requests().filter(({ kind }) => kind === "create");
  expect(created.filter(({ at }) => at > noticed && at < frozenUntil)).toEqual([]);
  expect(created.some(({ at }) => at >= frozenUntil)).toBe(true);
}

it("waits for nothing after a kill, for the append-only file has it all", async () => {
  const scene = await startScene(1);
  const loads: LoadView[] = [];
  for (let kill = 0; kill < 20; kill++) {
    if (kill % 4 === 0) loads.push(await scene.send(`kill-${kill}`));
    await scene.redis.kill();
    await scene.redis.start();
  }
  for (const { id } of loads) expect(await endOf(scene, id)).toBe("complete");
  expect(lossesOf(scene)).toEqual([]);
  expect(await most(scene)).toBeLessThanOrEqual(slots);
}, 120_000);

it("keeps the tenant's limit over FLUSHALLs, and names the loads that were under way", async () => {
  const scene = await startScene(2);
  for (let round = 1; round <= losses; round++) {
    const done = await scene.send(`done-${round}`);
    await scene.rig.ended(done.id);
    // So that it is under way for as long as the test wants; this, too, is forgotten.
    const heldUntil = Date.now() + 3_600_000;
    await scene.redis.client.hset("lost:{default}:holds", "crm/customers", heldUntil);
    const uri = await scene.rig.put("customers.csv", "id,name\r\n1,a\r\n");
    const waiting = await scene.rig.enqueue({ ...customers, source: { uri } }, `waits-${round}`);
    await looked(scene);
    await scene.redis.client.flushall();
    const loss = await nthLoss(scene, round);
    expect(loss).toMatchObject({ sign: "emptied", missingLoads: [waiting.id] });
    const [quota] = await scene.rig.loads.quota();
    expect(quota?.lost).toMatchObject({ sign: "emptied", missingLoads: [waiting.id] });
    const again = await scene.rig.enqueue({ ...customers, source: { uri } }, `waits-${round}`);
    expect(again.id).not.toBe(waiting.id);
    expect(await endOf(scene, again.id)).toBe("complete");
    expectFrozen(scene, loss);
    expect(await most(scene)).toBeLessThanOrEqual(slots);
  }
  const held = scene.rig.events.filter((e) => e.type === "claim.waits" && e.reason === "history");
  expect(held.length).toBeGreaterThan(0);
}, 180_000);

it("keeps the tenant's limit over older copies, and runs again what had ended since", async () => {
  const scene = await startScene(2);
  const first = await scene.send("first");
  await scene.rig.ended(first.id);
  for (let round = 1; round <= losses; round++) {
    await looked(scene);
    await scene.redis.copy();
    const since: LoadView[] = [];
    for (let n = 0; n < slots; n++) since.push(await scene.send(`since-${round}-${n}`));
    for (const { id } of since) await scene.rig.ended(id);
    await scene.redis.restore();
    const loss = await nthLoss(scene, round);
    expect(loss.sign).toBe("rolled-back");
    for (let n = 0; n < slots; n++) {
      const again = await scene.send(`since-${round}-${n}`);
      expect(since.map(({ id }) => id)).not.toContain(again.id);
      expect(await endOf(scene, again.id)).toBe("complete");
    }
    expectFrozen(scene, loss);
    expect(await most(scene)).toBeLessThanOrEqual(slots);
  }
  expect((await scene.rig.loads.get(first.id))?.state).toBe("complete");
}, 240_000);

it("starts on an empty Redis at once, also in a tenant where another tool creates bulk jobs", async () => {
  const scene = await startScene(0);
  await scene.rig.tenant.create("customers");
  await scene.rig.startWorker();
  const { id } = await scene.send("new");
  expect(await endOf(scene, id)).toBe("complete");
  expect(lossesOf(scene)).toEqual([]);
}, 60_000);

it("waits on an empty Redis where its own user has just created a bulk job", async () => {
  const scene = await startScene(0);
  const left = await scene.rig.self.create("customers");
  await scene.rig.startWorker();
  expect(await nthLoss(scene, 1)).toMatchObject({ sign: "emptied", unknownBulkJobs: [left] });
}, 60_000);
