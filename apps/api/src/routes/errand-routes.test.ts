import type { ErrandRequest, ErrandView, ListedBulkJob } from "@headgate/orchestrator/producer";
import { describe, expect, it } from "vitest";
import { createTestApi, loadBody, testPrincipal } from "../api.test-support.ts";

/** Errands that a test moves on; each look is told. */
function testErrands() {
  const asked: ErrandRequest[] = [];
  let view: ErrandView = {
    ...{ id: "default.e1", kind: "plan", connection: "default", principal: testPrincipal },
    ...{ state: "waiting", askedAt: "2026-01-01T00:00:00.000Z" },
  };
  let looks = 0;
  return {
    asked,
    looks: () => looks,
    end: () => {
      view = { ...view, state: "done", endedAt: "2026-01-01T00:00:01.000Z", result: { seen: 3 } };
    },
    ask: async (errand: ErrandRequest) => {
      asked.push(errand);
      return { ...view, kind: errand.kind };
    },
    get: async (id: string) => {
      looks += 1;
      return id === view.id ? view : undefined;
    },
  };
}

describe("an errand", () => {
  it("is asked for with 202 and its place", async () => {
    const errands = testErrands();
    const { call } = createTestApi({ doors: { errands } });
    const answer = await call({ method: "POST", url: "/v1/plans", payload: loadBody });
    expect(answer.statusCode).toBe(202);
    expect(answer.headers).toMatchObject({
      location: "/v1/errands/default.e1",
      "retry-after": "1",
    });
    expect(errands.asked).toEqual([
      { kind: "plan", request: { ...loadBody, connection: "default" } },
    ]);
  });

  it("is waited for where the client prefers it", async () => {
    const errands = testErrands();
    const { call } = createTestApi({ doors: { errands } });
    const url = "/v1/errands/default.e1";
    const waiting = await call({ url });
    expect(waiting.json()).toMatchObject({ state: "waiting" });
    expect(waiting.headers["retry-after"]).toBe("1");
    const looked = errands.looks();
    const ended = call({ url, headers: { prefer: "respond-async, wait=30" } });
    await expect.poll(() => errands.looks()).toBeGreaterThan(looked + 1);
    errands.end();
    const answer = await ended;
    expect(answer.json()).toMatchObject({ state: "done", result: { seen: 3 } });
    expect(answer.headers["preference-applied"]).toBe("wait=30");
    expect(answer.headers["retry-after"]).toBeUndefined();
  });

  it("is waited for no longer than the API lives", async () => {
    const errands = testErrands();
    const { app, call } = createTestApi({ doors: { errands } });
    const headers = { prefer: "wait=30" };
    const answer = call({ url: "/v1/errands/default.e1", headers });
    await expect.poll(() => errands.looks()).toBeGreaterThan(0);
    await app.close();
    expect((await answer).json()).toMatchObject({ state: "waiting" });
  });

  it.each(["wait=0", "wait=-1", "wait=soon", "waiter=30", ""])(
    "is not waited for by %j",
    async (prefer) => {
      const errands = testErrands();
      const { call } = createTestApi({ doors: { errands } });
      const answer = await call({ url: "/v1/errands/default.e1", headers: { prefer } });
      expect(answer.headers["preference-applied"]).toBeUndefined();
      expect(errands.looks()).toBe(1);
    },
  );
});

describe("the abort of a bulk job", () => {
  const bulkJob: ListedBulkJob = {
    ...{ id: "b1", connection: "default", owner: "ours", phase: "uploading" },
    ...{ sourceName: "web", object: "order" },
  };
  const doorsTo = (found: ListedBulkJob) => ({
    errands: testErrands(),
    bulkJobs: { list: async () => ({ bulkJobs: [found] }), get: async () => found },
  });

  it("is asked for in the connection that has it", async () => {
    const doors = doorsTo(bulkJob);
    const { call } = createTestApi({ doors });
    const answer = await call({ method: "POST", url: "/v1/bulk-jobs/b1/abort" });
    expect(answer.statusCode).toBe(202);
    expect(doors.errands.asked).toEqual([
      { kind: "abort-bulk-job", connection: "default", id: "b1" },
    ]);
  });

  it.each<Partial<ListedBulkJob>>([{}, { remoteId: "r1", remoteState: "Aborted" }])(
    "is refused where it has ended for good: %j",
    async (more) => {
      const { call } = createTestApi({ doors: doorsTo({ ...bulkJob, phase: "ended", ...more }) });
      const answer = await call({ method: "POST", url: "/v1/bulk-jobs/b1/abort" });
      expect(answer.json()).toMatchObject({ status: 409, code: "bulk_job_state" });
    },
  );

  it("is left to a worker where it has ended and may live on at the API", async () => {
    const doors = doorsTo({ ...bulkJob, phase: "ended", remoteId: "r1", remoteState: "Open" });
    const answer = await createTestApi({ doors }).call({
      ...{ method: "POST", url: "/v1/bulk-jobs/b1/abort" },
    });
    expect(answer.statusCode).toBe(202);
    expect(doors.errands.asked).toHaveLength(1);
  });

  it("is refused where it is of another connection", async () => {
    const url = "/v1/bulk-jobs/b1/abort";
    const { call } = createTestApi({ doors: doorsTo(bulkJob) });
    const other = await call({ method: "POST", url: `${url}?connection=emea` });
    expect(other.json()).toMatchObject({ status: 404, code: "bulk_job_not_found" });
  });
});
