/**
 * One worker for two tenants: each has its own login, ledger and connectors; sources, queues and the
 * stream are shared, and headgate.yaml changes while it runs.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { EventEmitter, on } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HeadgateConfigInput, loadConfig } from "@headgate/config";
import { milliseconds } from "@headgate/core";
import { type Emulator, startEmulator } from "@headgate/emulator";
import { createProducer, type HeadgateEvent, parseLoadRequest } from "@headgate/orchestrator";
import { startWorker } from "@headgate/worker";
import { Redis } from "ioredis";
import { expect, inject, it, onTestFinished } from "vitest";
import { orders, schema } from "./csv.ts";

const names = ["default", "emea"] as const;
type Name = (typeof names)[number];

async function fleetOfTwo() {
  const folder = await mkdtemp(join(tmpdir(), "headgate-two-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "crm.yaml"), schema);
  await writeFile(join(folder, "a.csv"), "id,note\n1,x\n2,y\n");
  const tenants = {
    default: await tenantOf(folder, "default"),
    emea: await tenantOf(folder, "emea"),
  };
  const prefix = `test-${randomBytes(6).toString("hex")}`;
  const redisUrl = inject("redisUrl");
  const redis = new Redis(redisUrl);
  onTestFinished(async () => {
    const keys = await redis.keys(`*${prefix}*`);
    if (keys.length > 0) await redis.del(...keys);
    redis.disconnect();
  });
  const config = {
    redis: { url: redisUrl, prefix, allowVolatile: true },
    connections: { default: tenants.default.config, emea: tenants.emea.config },
    sources: { filesRoot: folder },
    clients: { etl: {}, local: { connections: ["emea"] } },
  } satisfies HeadgateConfigInput;
  const path = join(folder, "headgate.yaml");
  const write = (changes: Partial<HeadgateConfigInput> = {}): Promise<void> =>
    writeFile(path, JSON.stringify({ ...config, ...changes }));
  await write();
  const bus = new EventEmitter().setMaxListeners(0);
  const events: HeadgateEvent[] = [];
  const emit = (event: HeadgateEvent): void => {
    events.push(event);
    bus.emit("event", event);
  };
  const producer = await createProducer({ redisUrl, prefix, connections: names, emit });
  onTestFinished(() => producer.close());
  const start = async () => {
    const worker = await startWorker(loadConfig({ path }), {
      emit,
      tuning: {
        sweepEveryMs: milliseconds(500),
        steps: { pollMinMs: milliseconds(50), pollMaxMs: milliseconds(200) },
      },
    });
    onTestFinished(() => worker.close());
    return worker;
  };
  return {
    ...{ folder, path, prefix, redis, tenants, producer, write, start, config },
    request: (connection: Name) =>
      parseLoadRequest({ ...orders, connection, source: { uri: `file://${folder}/a.csv` } }),
    async event(matches: (event: HeadgateEvent) => boolean): Promise<HeadgateEvent> {
      const coming = on(bus, "event");
      const past = events.find(matches);
      if (past !== undefined) return past;
      for await (const [event] of coming) if (matches(event)) return event;
      throw new Error("the bus has ended");
    },
  };
}

/** An emulated tenant with a key of its own. */
async function tenantOf(folder: string, name: Name) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(
    join(folder, `${name}.pem`),
    privateKey.export({ type: "pkcs8", format: "pem" }),
    { mode: 0o600 },
  );
  const emulator: Emulator = await startEmulator({
    schemas: { crm: schema },
    connectedApps: [
      {
        consumerKey: `app-${name}`,
        publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
        users: [`${name}@example.com`],
      },
    ],
    clock: "real",
    settings: { processingMs: 0 },
  });
  onTestFinished(() => emulator.close());
  return {
    emulator,
    config: {
      loginUrl: emulator.url,
      allowLoopback: true,
      consumerKey: `app-${name}`,
      user: `${name}@example.com`,
      keyFile: `${name}.pem`,
      connectors: { crm: { schema: "crm.yaml" } },
    },
  };
}

it("brings each load into its own tenant, and counts its slots in that tenant's ledger", async () => {
  const fleet = await fleetOfTwo();
  await fleet.start();
  const caller = { principal: "etl", via: "http" } as const;
  const loads = [];
  for (const name of ["emea", "emea", "default"] as const)
    loads.push((await fleet.producer.loads.accept(fleet.request(name), { caller })).load);
  await fleet.redis.xadd(
    `${fleet.prefix}:requests`,
    ...["*", "request", JSON.stringify(fleet.request("default"))],
  );
  const byStream = await fleet.event(
    (event) => event.type === "load.accepted" && event.via === "stream",
  );
  for (const id of [
    ...loads.map((load) => load.id),
    byStream.type === "load.accepted" && byStream.loadId,
  ])
    await fleet.event((event) => event.type === "load.ended" && event.loadId === id);

  for (const name of names) {
    const { bulkJobs, objects } = await fleet.tenants[name].emulator.control.state();
    expect(objects).toMatchObject([{ object: "orders", keysHeld: 2 }]);
    const [quota] = await fleet.producer.loads.quota(name);
    expect(quota?.slots.used).toBe(bulkJobs.length);
    expect(bulkJobs.length).toBeGreaterThan(0);
  }
}, 60_000);

it("does not start where the login of one of them is refused, and names that one", async () => {
  const fleet = await fleetOfTwo();
  const { config } = fleet;
  await fleet.write({
    connections: { ...config.connections, emea: { ...config.connections.emea, user: "nobody" } },
  });
  await expect(fleet.start()).rejects.toMatchObject({
    code: "ERR_AUTH_REFUSED",
    message: expect.stringContaining('connection "emea"'),
    fields: { connection: "emea" },
  });
}, 60_000);

it("refuses a load that its client may not bring there, as the file says at that time", async () => {
  const fleet = await fleetOfTwo();
  const worker = await fleet.start();
  const bring = async (principal: string, connection: Name) => {
    // Without the door's own check, as from a program that writes to Redis by itself.
    const caller = { principal, via: "http" } as const;
    const { load } = await fleet.producer.loads.accept(fleet.request(connection), { caller });
    await fleet.event((event) => event.type === "load.ended" && event.loadId === load.id);
    return await fleet.producer.loads.get(load.id);
  };
  expect(await bring("local", "default")).toMatchObject({
    state: "failed",
    reason: { code: "client_forbidden" },
  });
  expect(await bring("new", "emea")).toMatchObject({
    state: "failed",
    reason: { code: "client_forbidden" },
  });

  await fleet.write({ clients: { new: {} } });
  await worker.reconfigure(loadConfig({ path: fleet.path }));
  expect(await bring("new", "emea")).toMatchObject({ state: "complete" });
  expect(await bring("local", "emea")).toMatchObject({
    state: "failed",
    reason: { code: "client_forbidden" },
  });
}, 60_000);

it("takes over schedules of a changed file, each by the connection that it names", async () => {
  const fleet = await fleetOfTwo();
  const worker = await fleet.start();
  const schedule = (connection: Name) => ({
    connection,
    cron: "0 2 * * *",
    targets: [
      {
        ...{ sourceName: "crm", object: "orders" },
        source: { prefix: `file://${fleet.folder}/{yyyy-MM-dd}/` },
      },
    ],
  });
  const listed = async (connection: Name) =>
    (await fleet.producer.schedules.list(connection)).map(({ name, origin }) => ({ name, origin }));

  await fleet.write({ schedules: { nightly: schedule("emea"), weekly: schedule("default") } });
  await worker.reconfigure(loadConfig({ path: fleet.path }));
  expect(await listed("emea")).toEqual([{ name: "nightly", origin: "file" }]);
  expect(await listed("default")).toEqual([{ name: "weekly", origin: "file" }]);

  await fleet.write({ schedules: { nightly: schedule("default") } });
  await worker.reconfigure(loadConfig({ path: fleet.path }));
  expect(await listed("emea")).toEqual([]);
  expect(await listed("default")).toEqual([{ name: "nightly", origin: "file" }]);
}, 60_000);
