import type { Producer } from "@headgate/orchestrator/producer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientOf, createTestApi, type TestApi, testKey } from "../api.test-support.ts";
import { openTestDoors } from "../doors.test-support.ts";

let doors: Producer;
let api: TestApi;

beforeAll(async () => {
  doors = await openTestDoors();
  api = createTestApi({ doors, clients: [clientOf("operator", testKey)] });
  const source = { prefix: "s3://lake/{yyyy-MM-dd}/" };
  const targets = [{ sourceName: "crm", object: "orders", source }];
  await post("/v1/schedules", { name: "nightly", cron: "0 2 * * *", targets });
});
afterAll(async () => {
  await api.app.close();
  await doors.close();
});

async function post(url: string, payload: object, headers = {}) {
  return await api.call({ method: "POST", url, payload, headers });
}

async function runs(): Promise<number> {
  const answer = await api.call({ url: "/v1/schedules/nightly/runs?limit=100" });
  return answer.json<{ runs: unknown[] }>().runs.length;
}

const invalid = { status: 400, code: "request_invalid" };

describe("a run by hand", () => {
  it("is started for a date, once for a key, found at its place, and cancelled", async () => {
    const headers = { "idempotency-key": "run" };
    const payload = { date: "2026-01-31" };
    const started = await post("/v1/schedules/nightly/run", payload, headers);
    expect(started.statusCode).toBe(202);
    const { id } = started.json<{ id: string }>();
    expect(started.headers.location).toBe(`/v1/runs/${id}`);
    expect((await post("/v1/schedules/nightly/run", payload, headers)).json()).toMatchObject({
      id,
    });
    const other = await post("/v1/schedules/nightly/run", { date: "2026-02-01" }, headers);
    expect(other.json()).toMatchObject({ status: 422, code: "idempotency_conflict" });
    expect((await api.call({ url: `/v1/runs/${id}` })).json()).toMatchObject({
      ...{ id, schedule: "nightly", date: "2026-01-31", cause: "hand", state: "waiting" },
    });
    for (let i = 0; i < 2; i++)
      expect((await post(`/v1/runs/${id}/cancel`, {})).json()).toMatchObject({
        ...{ id, state: "cancelled" },
      });
  });

  it.each([
    { date: "2026-02-30" },
    { date: "20260131" },
    { date: "yesterday" },
    { date: 1 },
    { date: null },
    { day: "2026-01-31" },
    { date: "9".repeat(10_000) },
    [],
  ])("is refused for a body of %j, and nothing is started", async (payload) => {
    const before = await runs();
    expect((await post("/v1/schedules/nightly/run", payload)).json()).toMatchObject(invalid);
    expect(await runs()).toBe(before);
  });

  it.each(["none", "a:b", "..%2f..", "x".repeat(100)])("is not there under %s", async (id) => {
    for (const answer of [
      await api.call({ url: `/v1/runs/${id}` }),
      await post(`/v1/runs/${id}/cancel`, {}),
    ])
      expect(answer.json()).toMatchObject({ status: 404, code: "run_not_found" });
  });
});

describe("a backfill", () => {
  it("is a run a date, oldest first, whose list is paged newest first", async () => {
    const answer = await post("/v1/schedules/nightly/backfill", {
      ...{ from: "2026-01-30", to: "2026-02-01", leaveSlots: 0 },
    });
    expect(answer.statusCode).toBe(202);
    expect(answer.headers.location).toBe("/v1/schedules/default.nightly/runs");
    const dates = ["2026-01-30", "2026-01-31", "2026-02-01"];
    expect(answer.json()).toMatchObject({ leaveSlots: 0, runs: dates.map((date) => ({ date })) });
    const page = (await api.call({ url: "/v1/schedules/nightly/runs?limit=2" })).json();
    expect(page.runs).toMatchObject([{ date: dates[2] }, { date: dates[1] }]);
    const url = `/v1/schedules/nightly/runs?limit=1&cursor=${page.nextCursor}`;
    expect((await api.call({ url })).json().runs).toMatchObject([{ date: dates[0] }]);
  });

  it.each([
    { from: "2026-01-01" },
    { from: "2026-01-02", to: "2026-01-01" },
    { from: "2024-01-01", to: "2025-01-01" },
    { from: "2026-01-01", to: "2026-01-01", leaveSlots: -1 },
    { from: "2026-01-01", to: "2026-01-01", leaveSlots: 1000 },
    { from: "2026-01-01", to: "2026-01-01", leaveSlots: "5" },
    { from: "2026-01-01", to: "2026-01-01", every: 2 },
    [],
  ])("is refused for a body of %j, and nothing is started", async (payload) => {
    const before = await runs();
    expect((await post("/v1/schedules/nightly/backfill", payload)).json()).toMatchObject(invalid);
    expect(await runs()).toBe(before);
  });
});
