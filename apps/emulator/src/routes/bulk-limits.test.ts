import { maxFilesPerBulkJob, seconds } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { startCaller } from "../emulator.test-support.ts";

describe("the limits on creation", () => {
  it("allows 20 in any rolling hour, not 20 in each clock hour", async () => {
    const { emulator, create, patch } = await startCaller();
    const createAndAbort = async (): Promise<number> => {
      const { status, body } = await create();
      if (status === 201) await patch(String(body.id), "Aborted");
      return status;
    };
    for (let at = 0; at < 20; at += 1) {
      expect(await createAndAbort()).toBe(201);
      emulator.clock.advance(seconds(60));
    }
    emulator.clock.advance(seconds(3600 - 20 * 60 - 1));
    expect(await createAndAbort()).toBe(429);
    emulator.clock.advance(seconds(1));
    // The first has left the hour, but the refused one has come into it.
    expect(await createAndAbort()).toBe(429);
    emulator.clock.advance(seconds(120));
    expect(await createAndAbort()).toBe(201);
    expect(emulator.control.requests().filter(({ kind }) => kind === "create")).toHaveLength(23);
    expect((await emulator.control.state()).maxima.maxCreatesInRollingHour).toBe(21);
  });

  it("counts refused creations by the setting", async () => {
    const outcome = async (
      countedCreations: "authorised" | "not-throttled" | "created",
    ): Promise<number> => {
      const settings = { countedCreations, slotsPerWindow: 2 };
      const { emulator, create } = await startCaller({ settings });
      await create("Contact");
      await create("Contact");
      emulator.clock.advance(seconds(1));
      return (await create("Order")).status;
    };
    expect(await outcome("authorised")).toBe(429);
    expect(await outcome("not-throttled")).toBe(429);
    expect(await outcome("created")).toBe(201);
  });

  it("can count by the clock hour", async () => {
    const settings = {
      slotReading: "clock-hour",
      slotsPerWindow: 1,
      retryAfter: "seconds",
    } as const;
    const { emulator, create } = await startCaller({ settings });
    await create("A");
    const { status, headers } = await create("B");
    expect(status).toBe(429);
    emulator.clock.advance(seconds(Number(headers.get("retry-after"))));
    expect((await create("C")).status).toBe(201);
  });

  it("can count every request", async () => {
    const settings = { slotReading: "every-request", slotsPerWindow: 3 } as const;
    const { emulator, open, state, call } = await startCaller({ settings });
    await call("DELETE", "/api/v1/ingest/sources/crm/Contact?ids=1");
    const id = await open();
    await state(id);
    await state(id);
    expect((await call("GET", "/api/v1/ingest/jobs")).status).toBe(429);
    expect((await emulator.control.state()).maxima.maxCreatesInRollingHour).toBe(1);
    emulator.clock.advance(seconds(3600));
    expect((await call("GET", "/api/v1/ingest/jobs")).status).toBe(200);
  });

  it("allows five unfinished bulk jobs, counting until they end", async () => {
    const { emulator, create, open, patch } = await startCaller();
    const first = await open("Contact");
    for (const object of ["A", "B", "C", "D"]) await open(object);
    expect((await create("Order")).status).toBe(429);
    await patch(first, "UploadComplete");
    expect((await create("Order")).status).toBe(429);
    emulator.clock.advance(seconds(180));
    expect((await create("Order")).status).toBe(201);
    expect((await emulator.control.state()).maxima.maxUnfinished).toBe(5);
  });

  it("allows one unfinished bulk job an object, whatever the operation", async () => {
    const { create, open, patch } = await startCaller();
    const id = await open("Contact");
    expect(await create("Contact", "delete")).toMatchObject({
      status: 409,
      body: { error: "409 CONFLICT", path: "uri=/api/v1/ingest/jobs", details: {} },
    });
    await patch(id, "Aborted");
    expect((await create("Contact")).status).toBe(201);
  });

  it("sends no Retry-After unless a setting asks for one", async () => {
    const { emulator, create, open } = await startCaller({ settings: { slotsPerWindow: 1 } });
    await open("A");
    expect((await create("B")).headers.has("retry-after")).toBe(false);
    emulator.control.changeSettings({ retryAfter: "http-date" });
    const date = (await create("B")).headers.get("retry-after") ?? "";
    expect(new Date(date).getTime()).toBeGreaterThan(emulator.clock.now());
    emulator.control.changeSettings({ retryAfter: "seconds", countedCreations: "not-throttled" });
    expect((await create("B")).headers.get("retry-after")).toMatch(/^\d+$/);
  });

  it("tells in Retry-After exactly how long the wait is", async () => {
    const settings = {
      slotsPerWindow: 2,
      retryAfter: "seconds",
      countedCreations: "not-throttled",
    } as const;
    const { emulator, create } = await startCaller({ settings });
    await create("A");
    emulator.clock.advance(seconds(100));
    await create("B");
    const wait = Number((await create("C")).headers.get("retry-after"));
    expect(wait).toBe(3500);
    emulator.clock.advance(seconds(wait - 1));
    expect((await create("C")).status).toBe(429);
    emulator.clock.advance(seconds(1));
    expect((await create("C")).status).toBe(201);
  });
});

it("takes 100 files in a bulk job and refuses the next with 400", async () => {
  const { emulator, open, upload } = await startCaller();
  const id = await open("A");
  for (let at = 0; at < maxFilesPerBulkJob; at += 1) {
    expect((await upload(id, `id\n${at}\n`)).status).toBe(202);
  }
  expect((await upload(id, "id\n100\n")).status).toBe(400);
  expect((await emulator.control.state()).maxima.maxFilesPerBulkJob).toBe(100);
});
