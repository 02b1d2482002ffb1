import type { ClientAccess } from "@headgate/core";
import { expect, it } from "vitest";
import { testSchedule } from "./schedule-test.ts";
import { caller, endLoad, schedulesOfTest, type TestSchedules } from "./schedules.test-support.ts";

const access: ClientAccess = {
  name: "nightly",
  scopes: ["admin"],
  connections: undefined,
  sources: ["s3://bucket/"],
  limits: { requestsPerMinute: 600, pendingLoads: 10 },
};

const testRequest = {
  kind: "schedule-test",
  connection: "default",
  schedule: "nightly",
  date: "2026-03-10",
} as const;
const { signal } = new AbortController();

async function ownedBy(owner: ClientAccess | undefined): Promise<TestSchedules> {
  const test = schedulesOfTest();
  test.setNow("2026-03-10T12:00:00Z");
  await test.make();
  test.files.set("s3://bucket/2026-03-10/orders/a.csv", "id\n1\n");
  test.clients.set("nightly", owner);
  await test.schedules.runNow("nightly", { caller });
  await test.work();
  return test;
}

it("loads with the rights of the schedule's owner", async () => {
  const test = await ownedBy(access);
  expect(await test.runs()).toMatchObject([{ state: "complete" }]);
});

it.each([
  ["no longer load from there", { ...access, sources: ["s3://other/"] }, "source_not_allowed"],
  ["no longer use the connection", { ...access, connections: ["other"] }, "client_forbidden"],
  ["no longer do anything, for it is gone", undefined, "client_forbidden"],
])(
  "fails where the owner may %s, before anything is listed or loaded",
  async (_what, owner, code) => {
    const test = await ownedBy(owner);
    expect(await test.runs()).toMatchObject([{ state: "failed", reason: { code } }]);
    expect(await test.loads()).toEqual([]);
    await expect(testSchedule(test.context, testRequest, signal)).rejects.toMatchObject({
      code: `ERR_${code.toUpperCase()}`,
    });
  },
);

it.each([
  ["that a manifest lists", { manifest: "s3://bucket/m.json" }, undefined],
  [
    "that a gate's manifest lists",
    { prefix: "s3://bucket/{yyyy-MM-dd}/" },
    { gate: { manifest: "m.json" } },
  ],
])("neither takes nor shows a file of another place %s", async (_what, source, more) => {
  const test = schedulesOfTest();
  test.setNow("2026-03-10T12:00:00Z");
  const target = { sourceName: "crm", object: "orders", source, ...more };
  await test.make("nightly", { targets: [target] });
  const entries = [{ url: "s3://secret/a.csv", mandatory: true }];
  for (const uri of ["s3://bucket/m.json", "s3://bucket/2026-03-10/m.json"])
    test.files.set(uri, JSON.stringify({ entries }));
  test.files.set("s3://secret/a.csv", "id\n1\n");
  test.clients.set("nightly", access);
  await test.schedules.runNow("nightly", { caller });
  await test.work();
  const reason = { code: "source_not_allowed" };
  expect(await test.runs()).toMatchObject([{ state: "failed", reason, files: 0 }]);
  await expect(testSchedule(test.context, testRequest, signal)).rejects.toMatchObject({
    code: "ERR_SOURCE_NOT_ALLOWED",
  });
});

it("waits with its loads where the owner has too many that have not ended", async () => {
  const test = schedulesOfTest();
  test.setNow("2026-03-10T12:00:00Z");
  await test.make();
  test.files.set("s3://bucket/2026-03-10/orders/a.csv", "id\n1\n");
  test.clients.set("nightly", { ...access, limits: { requestsPerMinute: 600, pendingLoads: 1 } });
  const { load } = await test.door.loads.accept(
    {
      connection: "default",
      sourceName: "crm",
      object: "x",
      operation: "upsert",
      source: { uri: "s3://bucket/x.csv" },
    },
    { caller },
  );
  await test.schedules.runNow("nightly", { caller });
  await test.work({ loads: "rest" });
  expect((await test.runs())[0]?.targets).toMatchObject([
    { state: "loading", reason: { code: "too_many_pending" } },
  ]);
  await endLoad(test, load.id, "fail");
  await test.work();
  expect((await test.runs())[0]).toMatchObject({ state: "complete" });
});
