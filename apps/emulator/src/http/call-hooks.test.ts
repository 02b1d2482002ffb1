import { seconds } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { json, startCaller } from "../emulator.test-support.ts";
import type { Emulator } from "../emulator.ts";

/** Sends a call, gives it up once its fault has struck and the handler is done, and expects no answer. */
async function expectNoAnswer(
  emulator: Emulator,
  send: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const before = emulator.control.requests().length;
  const client = new AbortController();
  const outcome = expect(send(client.signal)).rejects.toThrow();
  const struck = (): boolean => {
    const call = emulator.control.requests()[before];
    return call?.fault === "timeout" || (call?.fault !== undefined && call.accepted);
  };
  // Asked over HTTP, because the in-process answer would not let the sockets have their turn.
  while (!struck()) await fetch(`${emulator.url}/__emulator/limits`);
  client.abort();
  await outcome;
}

const file = "id,name,note\n1,Ann,x\n";

describe("a fault", () => {
  it("of kind error answers before anything is done, as often as ordered", async () => {
    const { emulator, create } = await startCaller();
    emulator.control.addFaults({ kind: "error", route: "create", status: 503, times: 2 });
    expect(await create()).toMatchObject({
      status: 503,
      body: { error: "503 SERVICE UNAVAILABLE" },
    });
    expect((await create()).status).toBe(503);
    expect((await create()).status).toBe(201);
    const calls = emulator.control.requests();
    expect(calls.map(({ status, accepted }) => [status, accepted])).toEqual([
      [503, false],
      [503, false],
      [201, true],
    ]);
    expect((await emulator.control.state()).maxima.maxCreatesInRollingHour).toBe(3);
  });

  it("may choose body and Retry-After", async () => {
    const { emulator, create } = await startCaller();
    emulator.control.addFaults({
      kind: "error",
      route: "create",
      status: 429,
      body: { odd: true },
      retryAfter: "7",
    });
    const { status, headers, body } = await create();
    expect({ status, body }).toEqual({ status: 429, body: { odd: true } });
    expect(headers.get("retry-after")).toBe("7");
  });

  it("strikes only calls about its object, after those it skips", async () => {
    const { emulator, open, upload } = await startCaller();
    emulator.control.addFaults({
      kind: "error",
      route: "upload",
      object: "Contact",
      skip: 1,
      status: 500,
    });
    const contact = await open("Contact");
    const a = await open("A");
    expect((await upload(contact, file)).status).toBe(202);
    expect((await upload(a, "id\n1\n")).status).toBe(202);
    expect((await upload(contact, file)).status).toBe(500);
    expect((await upload(contact, file)).status).toBe(202);
    expect((await emulator.control.state()).bulkJobs[0]?.files).toHaveLength(2);
  });

  it("of kind error on upload reads the body first, early-status does not", async () => {
    const { emulator, open, upload } = await startCaller();
    const id = await open();
    emulator.control.addFaults({ kind: "error", route: "upload", status: 500 });
    emulator.control.addFaults({ kind: "early-status", route: "upload", status: 401 });
    expect((await upload(id, file)).status).toBe(500);
    expect((await upload(id, file)).status).toBe(401);
    const [, first, second] = emulator.control.requests();
    expect(first).toMatchObject({ bytes: file.length, fault: "error" });
    expect(second).toMatchObject({ fault: "early-status" });
    expect(second?.bytes).toBeUndefined();
  });

  it.each([true, false])(
    "of kind done-then-timeout does the call and never answers (closeSocket %s)",
    async (closeSocket) => {
      const { emulator, create, open, upload, patch, call } = await startCaller();
      emulator.control.addFaults(
        { kind: "done-then-timeout", route: "upload", closeSocket },
        { kind: "done-then-timeout", route: "close", closeSocket },
      );
      const id = await open();
      const path = `/api/v1/ingest/jobs/${id}`;
      const headers = { "content-type": "text/csv" };
      await expectNoAnswer(emulator, (signal) =>
        call("PUT", `${path}/batches`, { body: file, headers, signal }),
      );
      await expectNoAnswer(emulator, (signal) =>
        call("PATCH", path, { ...json({ state: "UploadComplete" }), signal }),
      );
      expect((await call("GET", path)).body.state).toBe("UploadComplete");
      expect((await emulator.control.state()).bulkJobs[0]?.files).toHaveLength(1);
      expect((await upload(id, file)).status).toBe(409);
      expect((await create()).status).toBe(409);
      expect((await patch(id, "Aborted")).status).toBe(200);
      const calls = emulator.control.requests().filter(({ fault }) => fault !== undefined);
      expect(calls).toMatchObject([
        { kind: "upload", status: null, accepted: true },
        { kind: "close", status: null, accepted: true },
      ]);
    },
  );

  it("of kind timeout does nothing and never answers", async () => {
    const { emulator, call, create } = await startCaller();
    emulator.control.addFaults({ kind: "timeout", route: "create" });
    const body = json({ object: "Contact", sourceName: "crm", operation: "upsert" });
    await expectNoAnswer(emulator, (signal) =>
      call("POST", "/api/v1/ingest/jobs", { ...body, signal }),
    );
    expect((await emulator.control.state()).bulkJobs).toEqual([]);
    expect((await create()).status).toBe(201);
  });

  it("of kind cut destroys the connection within the body and counts for nothing", async () => {
    const { emulator, open, upload } = await startCaller();
    const id = await open();
    emulator.control.addFaults({ kind: "cut", route: "upload", afterBytes: 100_000 });
    const large = `id,name,note\n${"1,Ann,x\n".repeat(100_000)}`;
    await expect(upload(id, large)).rejects.toThrow();
    const [, cut] = emulator.control.requests();
    expect(cut).toMatchObject({ status: null, accepted: false, fault: "cut" });
    expect(cut?.bytes).toBeGreaterThanOrEqual(100_000);
    expect(cut?.bytes).toBeLessThan(large.length);
    expect((await upload(id, file)).status).toBe(202);
  });

  it("of kind slow delays reading and answer, and still does the call", async () => {
    const { emulator, open, upload } = await startCaller();
    const id = await open();
    emulator.control.addFaults({
      kind: "slow",
      route: "upload",
      delayMs: 20,
      bytesPerSecond: file.length * 50,
    });
    expect((await upload(id, file)).status).toBe(202);
    expect(emulator.control.requests().at(-1)).toMatchObject({ fault: "slow", accepted: true });
  });

  it("of kind fail ends processing in Failed with nothing applied, stuck never ends it", async () => {
    const { emulator, open, upload, patch, state } = await startCaller();
    emulator.control.addFaults(
      { kind: "fail", route: "processing", object: "Contact" },
      { kind: "stuck", route: "processing", object: "A" },
    );
    const contact = await open("Contact");
    await upload(contact, file);
    await patch(contact, "UploadComplete");
    const a = await open("A");
    await patch(a, "UploadComplete");
    emulator.clock.advance(seconds(3600));
    expect(await state(contact)).toBe("Failed");
    expect(await state(a)).toBe("InProgress");
    expect((await emulator.control.state()).objects).toEqual([]);
  });

  it("on abort leaves close alone, and on info, list and delete strikes those", async () => {
    const { emulator, call, open, patch } = await startCaller();
    for (const route of ["abort", "info", "list", "delete"] as const) {
      emulator.control.addFaults({ kind: "error", route, status: 500 });
    }
    const id = await open();
    const path = `/api/v1/ingest/jobs/${id}`;
    expect((await call("GET", path)).status).toBe(500);
    expect((await call("GET", "/api/v1/ingest/jobs")).status).toBe(500);
    expect((await call("DELETE", path)).status).toBe(500);
    expect((await patch(id, "Aborted")).status).toBe(500);
    expect((await patch(id, "UploadComplete")).status).toBe(200);
  });
});
