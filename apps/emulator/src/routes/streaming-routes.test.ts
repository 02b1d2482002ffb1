import { seconds } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { json, startCaller } from "../emulator.test-support.ts";
import { HashSum, hashRecord } from "../state/record-hash.ts";

const contacts = "/api/v1/ingest/sources/crm/Contact";
const orders = "/api/v1/ingest/sources/crm/Order";
const ann = { id: "1", name: "Ann", note: null };

describe("streaming", () => {
  it("accepts records with 202 and applies them after the processing time", async () => {
    const { emulator, call } = await startCaller();
    expect(await call("POST", contacts, json({ data: [ann] }))).toMatchObject({
      status: 202,
      body: { accepted: true },
    });
    expect((await emulator.control.state()).objects).toEqual([]);
    emulator.clock.advance(seconds(180));
    const held = new HashSum();
    const { high, low } = hashRecord(["1", "Ann", ""]);
    held.add(high, low);
    expect((await emulator.control.state()).objects).toMatchObject([
      { rowsStreamed: 1, rowsReceived: 0, keysHeld: 1, heldHash: held.toString() },
    ]);
  });

  it("accepts records that do not fit the schema and drops them later", async () => {
    const { emulator, call } = await startCaller();
    expect((await call("POST", contacts, json({ data: [ann, { id: 2 }] }))).status).toBe(202);
    emulator.clock.advance(seconds(180));
    expect((await emulator.control.state()).objects).toMatchObject([
      { rowsStreamed: 1, rowsStreamedDropped: 1, keysHeld: 1 },
    ]);
  });

  it("deletes by ids in the query or in the body, at most 200", async () => {
    const { emulator, call } = await startCaller();
    const data = ["1", "2", "3"].map((id) => ({ ...ann, id }));
    await call("POST", contacts, json({ data }));
    expect((await call("DELETE", `${contacts}?ids=1,2`)).status).toBe(202);
    expect((await call("DELETE", contacts, json({ ids: ["3"] }))).status).toBe(202);
    emulator.clock.advance(seconds(180));
    expect((await emulator.control.state()).objects).toMatchObject([{ keysHeld: 0 }]);
    const ids = Array.from({ length: 201 }, (_, at) => String(at));
    expect((await call("DELETE", contacts, json({ ids }))).status).toBe(400);
    expect((await call("DELETE", contacts, json({ ids: ids.slice(1) }))).status).toBe(202);
    expect((await call("DELETE", contacts)).status).toBe(400);
  });

  it("takes 200,000 bytes a body and refuses one more with 413", async () => {
    const { call } = await startCaller();
    const empty = JSON.stringify({ data: [{ ...ann, name: "" }] }).length;
    const body = (size: number) => json({ data: [{ ...ann, name: "x".repeat(size - empty) }] });
    expect((await call("POST", contacts, body(200_000))).status).toBe(202);
    expect((await call("POST", contacts, body(200_001))).status).toBe(413);
  });

  it("takes 250 requests in any second over all objects and refuses the next with 429", async () => {
    const { emulator, call } = await startCaller();
    for (let at = 0; at < 125; at += 1) {
      expect((await call("DELETE", `${contacts}?ids=${at}`)).status).toBe(202);
      expect((await call("DELETE", `${orders}?ids=${at}`)).status).toBe(202);
    }
    expect((await call("DELETE", `${contacts}?ids=x`)).status).toBe(429);
    emulator.clock.advance(seconds(1));
    expect((await call("DELETE", `${contacts}?ids=x`)).status).toBe(202);
  });

  it("answers 404 for an unknown object and 400 for a body of another shape", async () => {
    const { call } = await startCaller();
    const unknown = "/api/v1/ingest/sources/crm/Nothing";
    expect((await call("POST", unknown, json({ data: [ann] }))).status).toBe(404);
    expect((await call("POST", contacts, json({ data: [] }))).status).toBe(400);
    expect((await call("POST", contacts, json([ann]))).status).toBe(400);
  });
});

describe("actions/test", () => {
  it("answers 200, or 202 where set, and applies nothing", async () => {
    const { emulator, call } = await startCaller();
    expect((await call("POST", `${contacts}/actions/test`, json({ data: [ann] }))).status).toBe(
      200,
    );
    emulator.control.changeSettings({ validationStatus: 202 });
    expect((await call("POST", `${contacts}/actions/test`, json({ data: [ann] }))).status).toBe(
      202,
    );
    emulator.clock.advance(seconds(1000));
    expect((await emulator.control.state()).objects).toEqual([]);
  });

  it.each([
    [{ number: "7" }, "#/number: expected type: Number, found: String"],
    [{ paid: 1 }, "#/paid: expected type: Boolean, found: Number"],
    [{ placedAt: "2026-01-01" }, "#/placedAt: [2026-01-01] is not a valid date-time"],
    [{ placedAt: undefined }, "#: required key [placedAt] not found"],
    [{ extra: 1 }, "#: extraneous key [extra] is not permitted"],
  ])("reports %j with 400 in the documented form", async (change, said) => {
    const { call } = await startCaller();
    const order = { placedAt: "2026-01-01T00:00:00Z", number: 7, paid: true, ...change };
    const { status, body } = await call("POST", `${orders}/actions/test`, json({ data: [order] }));
    expect(status).toBe(400);
    expect(body.details).toEqual({
      validationReport: [{ record: JSON.stringify(order), causingExceptions: [said] }],
    });
  });
});
