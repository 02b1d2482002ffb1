/** headgate on a Redis whose users may do no more than docs/operations.md gives them. */
import { startPrivateRedis } from "@headgate/standalone/redis";
import { Redis } from "ioredis";
import { expect, it, onTestFinished } from "vitest";
import { orders, ordersCsv, rowsOf, schema } from "../flow/csv.ts";
import { startRig } from "../flow/rig.ts";
import { documentedUser } from "./documented-user.ts";

const users = ["headgate-worker", "headgate-api"] as const;

/** A Redis with the documented users; `ofUser` answers the URL of one. */
async function redisWithUsers(): Promise<{
  readonly admin: Redis;
  readonly url: string;
  readonly ofUser: (user: (typeof users)[number]) => string;
}> {
  const { url, close } = await startPrivateRedis();
  onTestFinished(close);
  const admin = new Redis(url);
  onTestFinished(() => admin.disconnect());
  for (const user of users) {
    const [name = "", ...args] = documentedUser(user);
    await admin.call(name, ...args);
  }
  const { host } = new URL(url);
  return { admin, url, ofUser: (user) => `redis://${user}:secret@${host}` };
}

it("loads, schedules and shows without a command that its users may not use", async () => {
  const { admin, url, ofUser } = await redisWithUsers();
  const rig = await startRig({
    schemas: { crm: schema },
    signingKey: "k".repeat(32),
    redis: {
      ...{ admin: url, api: ofUser("headgate-api"), worker: ofUser("headgate-worker") },
      prefix: "headgate",
    },
    schedules: {
      nightly: {
        cron: "0 2 * * *",
        settleSeconds: 0,
        targets: [{ ...orders, source: { prefix: "s3://exports/night/" } }],
      },
    },
  });
  onTestFinished(() => rig.close());
  const uri = await rig.put("a.csv", ordersCsv(rowsOf(3)));
  await rig.put("night/b.csv", ordersCsv(rowsOf(3, 3)));
  const load = await rig.enqueue({ ...orders, source: { uri } }, "key");
  expect(await rig.ended(load.id)).toMatchObject({ state: "complete" });
  await admin.xadd(
    "headgate:requests",
    "*",
    ...["request", JSON.stringify({ ...orders, source: { uri: "s3://exports/none.csv" } })],
  );
  await rig.event((e) => e.type === "load.ended" && e.state === "failed");
  const caller = { principal: "rig", via: "http" } as const;
  await rig.schedules.runNow("nightly", { caller });
  await rig.event((e) => e.type === "schedule.run-ended" && e.state === "complete");
  await rig.reap();
  expect((await rig.loads.list({})).loads).toHaveLength(3);
  expect(await refusedBy(admin)).toEqual([]);
  expect(rig.events.filter(({ type }) => type === "record.refused")).toEqual([]);
});

it("cannot reach other keys, nor administer, and that is written down", async () => {
  const { admin, ofUser } = await redisWithUsers();
  for (const user of users) {
    const redis = new Redis(ofUser(user));
    onTestFinished(() => redis.disconnect());
    for (const call of [
      () => redis.get("other:key"),
      () => redis.get("headgate-beside:key"),
      () => redis.set("{other}:loads:1", "x"),
      () => redis.flushall(),
      () => redis.config("SET", "maxmemory-policy", "allkeys-lru"),
      () => redis.keys("*"),
      () => redis.call("ACL", "LIST"),
      () => redis.call("SHUTDOWN"),
      () => redis.call("REPLICAOF", "127.0.0.1", "1"),
      () => redis.publish("channel", "x"),
    ])
      await expect(call()).rejects.toThrow(/^NOPERM/);
  }
  expect((await refusedBy(admin)).length).toBeGreaterThanOrEqual(users.length);
});

/** What Redis has refused to a user: command or key. */
async function refusedBy(admin: Redis): Promise<readonly string[]> {
  const entries = (await admin.call("ACL", "LOG")) as readonly (readonly unknown[])[];
  return entries.map((entry) => {
    const fact = (name: string) => String(entry[entry.indexOf(name) + 1]);
    return `${fact("username")}: ${fact("reason")} ${fact("object")}`;
  });
}
