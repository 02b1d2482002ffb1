import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytes } from "@headgate/core";
import { startEmulator } from "@headgate/emulator";
import { connectIngestionApi } from "@headgate/ingestion-api";
import { createProducer, parseLoadRequest } from "@headgate/orchestrator";
import { expect, inject, it, onTestFinished } from "vitest";
import { watchPoints } from "./crash-hooks.ts";
import { crashPoints } from "./crash-points.ts";
import { schemaOf } from "./workload.ts";

const reached: string[] = [];
watchPoints((point) => reached.push(point));

it("has more than 60 points", () => {
  expect(crashPoints.length).toBeGreaterThan(60);
});

it("tells the moments of calls of the tenant's API", async () => {
  const folder = await mkdtemp(join(tmpdir(), "headgate-points-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const keyFile = join(folder, "key.pem");
  await writeFile(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  const emulator = await startEmulator({
    schemas: { crm: schemaOf(1) },
    connectedApps: [
      {
        consumerKey: "points",
        publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
        users: ["points@example.com"],
      },
    ],
    settings: { audiences: ["points"] },
  });
  onTestFinished(emulator.close);
  const { client, close } = connectIngestionApi({
    ...{ loginUrl: emulator.url, consumerKey: "points", user: "points@example.com", keyFile },
    ...{ audience: "points", allowPlainHttpOnLoopback: true },
  });
  onTestFinished(close);
  reached.length = 0;
  const target = { sourceName: "crm", object: "thing1", operation: "upsert" } as const;
  const { id } = await client.createBulkJob(target);
  const file = Buffer.from("id,written,note\nk1,v1,\n");
  await client.upload(id, {
    bytes: bytes(file.length),
    open: async function* () {
      yield file;
    },
  });
  await client.info(id);
  await client.close(id);
  await client.abort(id);
  await client.list();
  const called = ["login", "exchange", "create", "upload", "info", "close", "abort", "list"];
  expect(reached.filter((point) => point.startsWith("api "))).toEqual(
    called.flatMap((call) => [
      `api ${call} begins`,
      ...(call === "upload" ? ["api upload half"] : []),
      `api ${call} sent`,
      `api ${call} answered`,
    ]),
  );
});

it("names commands by the function of the ledger, and of BullMQ, that asks", async () => {
  const prefix = `test-${randomBytes(6).toString("hex")}`;
  const producer = await createProducer({
    ...{ redisUrl: inject("redisUrl"), prefix, connections: ["default"], emit: () => undefined },
  });
  onTestFinished(async () => {
    const keys = await producer.redis.keys(`*${prefix}*`);
    if (keys.length > 0) await producer.redis.del(...keys);
    await producer.close();
  });
  const request = parseLoadRequest({
    ...{ sourceName: "crm", object: "thing1", operation: "upsert" },
    source: { uri: "s3://exports/a.csv" },
  });
  reached.length = 0;
  await producer.redis.ping();
  expect(reached).toEqual([]);
  await producer.loads.accept(request, { caller: { principal: "test", via: "http" } });
  expect(reached).toEqual(
    expect.arrayContaining([
      ...["redis recordLoad sent", "redis recordLoad answered"],
      ...["redis bullmq addStandardJob sent", "redis leaveOutbox answered"],
    ]),
  );
});
