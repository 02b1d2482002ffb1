/** Errands changed in Redis past headgate. */
import { expect, it } from "vitest";
import { parseLoadRequest } from "../load-request.ts";
import { fleetOfTest } from "../queue/fleet.test-support.ts";
import { sealsOfTest } from "../seals/seals.test-support.ts";
import { systemChance } from "../system-ports.ts";
import { createRedisErrands } from "./redis-errands.ts";
import { runErrand } from "./run-errand.ts";

const { signal } = new AbortController();
const target = { sourceName: "crm", object: "orders", operation: "upsert" } as const;

it.each([
  ["request", JSON.stringify({ kind: "abort-bulk-job", connection: "default", id: "remote1" })],
  ["principal", "someone-else"],
  ["via", "schedule"],
  ["seal", ""],
])("an errand whose %s was changed is not done", async (field, value) => {
  const fleet = fleetOfTest({ seals: sealsOfTest });
  const { door, context, events } = fleet;
  fleet.files.set("s3://bucket/a.csv", "id\n1\n");
  const errands = createRedisErrands({
    ledgers: new Map([["default", context.ledger]]),
    queues: door.queues,
    loads: door.loads,
    chance: systemChance,
  });
  const request = parseLoadRequest({ ...target, source: { uri: "s3://bucket/a.csv" } });
  const caller = { principal: "test", via: "http" } as const;
  const [whole, changed] = [
    await errands.ask({ kind: "plan", request }, caller),
    await errands.ask({ kind: "plan", request }, caller),
  ];
  await door.redis.hset(`${context.ledger.base}errand:${changed.id}`, field, value);
  for (const { id } of [whole, changed]) await runErrand(context, id, signal);
  expect(await errands.get(whole.id)).toMatchObject({ state: "done" });
  expect(await errands.get(changed.id)).toMatchObject({
    state: "failed",
    reason: { code: "record_tampered" },
  });
  expect(fleet.tenant.calls).toEqual([]);
  expect(events).toContainEqual({
    type: "record.refused",
    connection: "default",
    what: "errand",
    id: changed.id,
    code: "record_tampered",
  });
});
