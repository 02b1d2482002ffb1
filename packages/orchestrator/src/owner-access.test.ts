import type { ClientAccess } from "@headgate/core";
import { expect, it } from "vitest";
import { loadOf } from "./ledger/ledger.test-support.ts";
import { readSource } from "./ledger/load-record.ts";
import { fleetOfTest, type TestFleet } from "./queue/fleet.test-support.ts";
import { runLoad } from "./steps/run-load.ts";

const { signal } = new AbortController();

/** The client whose loads the test's door accepts. */
const client: ClientAccess = {
  name: "test",
  scopes: ["enqueue"],
  connections: ["default"],
  sources: ["s3://bucket/"],
  limits: { requestsPerMinute: 600, pendingLoads: 100 },
};

function fleetOf(access: ClientAccess | undefined): TestFleet {
  return fleetOfTest({ clients: new Map(access === undefined ? [] : [["test", access]]) });
}

it("plans a load of a client within its rights", async () => {
  const fleet = fleetOf(client);
  const id = await fleet.load();
  await runLoad(fleet.context, id, signal);
  expect((await loadOf(fleet.context.ledger, id)).state).not.toBe("failed");
});

it.each([
  ["a client that is not configured", undefined, "client_forbidden"],
  ["a client of another connection", { ...client, connections: ["emea"] }, "client_forbidden"],
  ["a client whose places were taken away", { ...client, sources: [] }, "source_not_allowed"],
  ["a request that names another place", { ...client, sources: ["s3://b/"] }, "source_not_allowed"],
])("refuses a load of %s, and reads nothing for it", async (_, access, code) => {
  const fleet = fleetOf(access);
  const id = await fleet.load();
  // Were it listed, it would fail for what is not there.
  fleet.files.clear();
  expect(await runLoad(fleet.context, id, signal)).toMatchObject({ kind: "fail", code });
  expect(await readSource(fleet.context.ledger, id, 0)).toBeUndefined();
});

it("refuses a load that lists an object outside the client's places", async () => {
  const fleet = fleetOf({ ...client, sources: ["s3://bucket/orders-0.csv/"] });
  fleet.files.set("s3://bucket/secret.csv", "id\n1\n");
  const { source } = fleet.context.ports;
  const list = () => source.list({ kind: "uri", uri: "s3://bucket/secret.csv" }, { signal });
  const ports = { ...fleet.context.ports, source: { ...source, list } };
  const { load } = await fleet.door.accept({ source: { prefix: "s3://bucket/orders-0.csv/" } });
  expect(await runLoad({ ...fleet.context, ports }, load.id, signal)).toMatchObject({
    kind: "fail",
    code: "source_not_allowed",
    message: expect.stringContaining("s3://bucket/secret.csv"),
  });
});

it("refuses a load of a link that leads out of the client's places", async () => {
  const fleet = fleetOf({ ...client, sources: ["s3://bucket/orders-0.csv/"] });
  const { source } = fleet.context.ports;
  const [uri, realUri] = ["s3://bucket/orders-0.csv/link.csv", "s3://bucket/secret.csv"];
  fleet.files.set(uri, "id\n1\n");
  async function* list() {
    for await (const object of source.list({ kind: "uri", uri }, { signal }))
      yield { ...object, realUri };
  }
  const ports = { ...fleet.context.ports, source: { ...source, list } };
  const { load } = await fleet.door.accept({ source: { prefix: "s3://bucket/orders-0.csv/" } });
  expect(await runLoad({ ...fleet.context, ports }, load.id, signal)).toMatchObject({
    kind: "fail",
    code: "source_not_allowed",
  });
});

it("refuses a request that was written into Redis past the door", async () => {
  const fleet = fleetOf(client);
  const { redis, base } = fleet.context.ledger;
  const id = await fleet.load();
  const { request } = await loadOf(fleet.context.ledger, id);
  const forged = JSON.stringify({ ...request, source: { uri: "s3://vault/salaries.csv" } });
  await redis.hset(`${base}load:${id}`, "request", forged);
  expect(await runLoad(fleet.context, id, signal)).toMatchObject({ code: "source_not_allowed" });
});
