import { describe, expect, it } from "vitest";
import { contactsSchema, json, startCaller } from "../emulator.test-support.ts";
import { startEmulator } from "../emulator.ts";

const control = "/__emulator";

describe("the control routes", () => {
  it("move the clock on, let it stand and run, and never let it go back", async () => {
    const { emulator, call } = await startCaller();
    const start = emulator.clock.now();
    expect((await call("GET", `${control}/clock`)).body).toEqual({ now: start, mode: "manual" });
    const moved = await call("POST", `${control}/clock`, json({ advanceMs: 1000 }));
    expect(moved.body).toEqual({ now: start + 1000, mode: "manual" });
    const set = await call("POST", `${control}/clock`, json({ now: start + 5000 }));
    expect(set.body.now).toBe(start + 5000);
    expect((await call("POST", `${control}/clock`, json({ now: start }))).status).toBe(400);
    const running = await call("POST", `${control}/clock`, json({ mode: "real" }));
    expect(running.body.mode).toBe("real");
    expect(Number(running.body.now)).toBeGreaterThanOrEqual(start + 5000);
  });

  it("order, show and clear faults", async () => {
    const { call, create } = await startCaller();
    const fault = { kind: "error", route: "create", status: 500, times: "always" };
    expect((await call("POST", `${control}/faults`, json([fault]))).status).toBe(201);
    expect((await create()).status).toBe(500);
    expect((await call("GET", `${control}/faults`)).body).toMatchObject({
      faults: [{ fault, matched: 1, struck: 1 }],
    });
    expect((await call("DELETE", `${control}/faults`)).status).toBe(204);
    expect((await create()).status).toBe(201);
    expect((await call("POST", `${control}/faults`, json([{ kind: "odd" }]))).status).toBe(400);
  });

  it("change settings, and refuse unknown ones by name", async () => {
    const { call } = await startCaller();
    const changed = await call("POST", `${control}/settings`, json({ maxPartBytes: 7 }));
    expect(changed.body).toMatchObject({ maxPartBytes: 7, slotsPerWindow: 20 });
    expect((await call("GET", `${control}/settings`)).body).toEqual(changed.body);
    const { status, body } = await call("POST", `${control}/settings`, json({ maxPart: 7 }));
    expect(status).toBe(400);
    expect(body.message).toContain("maxPart");
  });

  it("register a connector, and refuse a broken schema", async () => {
    const { call } = await startCaller();
    const yaml = (body: string) => ({ body, headers: { "content-type": "application/yaml" } });
    const { status, body } = await call("POST", `${control}/schemas/erp`, yaml(contactsSchema));
    expect(status).toBe(201);
    expect(body.connectors).toContainEqual({
      sourceName: "erp",
      objects: ["Contact", "Order", "A", "B", "C", "D"],
    });
    expect((await call("POST", `${control}/schemas/bad`, yaml("openapi: 2"))).status).toBe(400);
  });

  it("list calls in order, from a number on, no more than the limit", async () => {
    const { emulator, open, state, call } = await startCaller({
      settings: { maxLoggedRequests: 3 },
    });
    const id = await open();
    for (let at = 0; at < 9; at += 1) await state(id);
    const log = await call("GET", `${control}/requests?since=8`);
    expect(log.body.requests).toMatchObject([
      { seq: 9, kind: "info", method: "GET", status: 200, bulkJobId: id, accepted: true },
      { seq: 10, at: emulator.clock.now(), path: `/api/v1/ingest/jobs/${id}` },
    ]);
    expect(emulator.control.requests()).toHaveLength(3);
  });

  it("forget everything but schemas, apps, settings and clock on reset", async () => {
    const { emulator, call, open } = await startCaller();
    await open();
    emulator.control.addFaults({ kind: "timeout", route: "list" });
    expect((await call("POST", `${control}/reset`)).status).toBe(204);
    expect((await call("GET", "/api/v1/ingest/jobs")).status).toBe(401);
    const state = await emulator.control.state();
    expect(state).toMatchObject({ objects: [], bulkJobs: [] });
    expect(state.connectors).toMatchObject([{ sourceName: "crm" }]);
    expect((await call("GET", `${control}/limits`)).body).toEqual({
      maxCreatesInRollingHour: 0,
      maxUnfinished: 0,
      maxFilesPerBulkJob: 0,
      maxPartBytes: 0,
    });
  });

  it("revoke all tokens", async () => {
    const { call } = await startCaller();
    expect((await call("DELETE", `${control}/tokens`)).status).toBe(204);
    expect((await call("GET", "/api/v1/ingest/jobs")).status).toBe(401);
  });
});

it("refuses to listen beyond loopback unless that is allowed", async () => {
  await expect(startEmulator({ host: "0.0.0.0" })).rejects.toMatchObject({
    code: "ERR_CONFIG",
    fields: { host: "0.0.0.0" },
  });
});
