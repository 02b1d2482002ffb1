import { BulkError, type ErrorCode, type ErrorFields } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { createRetryBudget, withRetries } from "./retry.ts";
import { testTiming } from "./test-tenant.test-support.ts";

/** Fails with these codes in turn, then succeeds. */
function failing(codes: readonly ErrorCode[], fields: ErrorFields = {}) {
  let calls = 0;
  const call = async () => {
    const code = codes[calls];
    calls += 1;
    if (code !== undefined) throw new BulkError(code, "test", { fields });
    return calls;
  };
  return { call, calls: () => calls };
}

describe("withRetries", () => {
  it.each(["ERR_API_UNREACHABLE", "ERR_API_UNKNOWN_OUTCOME", "ERR_API_SERVER"] as const)(
    "tries again after %s, with growing jittered waits, at most four times in all",
    async (code) => {
      const timing = testTiming();
      const { call, calls } = failing([code, code, code, code, code]);
      const deps = { budget: createRetryBudget(), timing };
      await expect(withRetries(call, deps)).rejects.toMatchObject({ code });
      expect(calls()).toBe(4);
      expect(timing.sleeps).toEqual([250, 500, 1000]);
    },
  );

  it("gives the value of the try that succeeds", async () => {
    const { call } = failing(["ERR_API_SERVER", "ERR_API_UNREACHABLE"]);
    const deps = { budget: createRetryBudget(), timing: testTiming() };
    expect(await withRetries(call, deps)).toBe(3);
  });

  it.each([
    "ERR_API_THROTTLED",
    "ERR_API_NOT_FOUND",
    "ERR_API_UNEXPECTED",
    "ERR_AUTH_REFUSED",
  ] as const)("does not try again after %s", async (code) => {
    const { call, calls } = failing([code]);
    const deps = { budget: createRetryBudget(), timing: testTiming() };
    await expect(withRetries(call, deps)).rejects.toMatchObject({ code });
    expect(calls()).toBe(1);
  });

  it("waits as long as the answer asks, up to 10 s, and gives up beyond", async () => {
    const timing = testTiming();
    const deps = { budget: createRetryBudget(), timing };
    await withRetries(failing(["ERR_API_SERVER"], { retryAfterMs: 10_000 }).call, deps);
    expect(timing.sleeps).toEqual([10_000]);
    const longer = failing(["ERR_API_SERVER"], { retryAfterMs: 10_001 });
    await expect(withRetries(longer.call, deps)).rejects.toMatchObject({ code: "ERR_API_SERVER" });
    expect(longer.calls()).toBe(1);
  });

  it("keeps retries to a tenth of the calls in a long outage", async () => {
    const deps = { budget: createRetryBudget(), timing: testTiming() };
    let tries = 0;
    const down = async () => {
      tries += 1;
      throw new BulkError("ERR_API_SERVER", "down");
    };
    for (let i = 0; i < 1000; i += 1) {
      await expect(withRetries(down, deps)).rejects.toMatchObject({ code: "ERR_API_SERVER" });
    }
    // Ten were saved up before the outage.
    expect(tries).toBeLessThanOrEqual(1000 + 100 + 10);
    expect(tries).toBeGreaterThan(1000);
  });

  it("stops with the signal's reason while it waits", async () => {
    const reason = new Error("stop");
    const control = new AbortController();
    const timing = {
      ...testTiming(),
      sleep: async (_: unknown, signal?: AbortSignal) => {
        control.abort(reason);
        throw new DOMException("aborted", { name: "AbortError", cause: signal?.reason });
      },
    };
    const deps = { budget: createRetryBudget(), timing, signal: control.signal };
    const { call, calls } = failing(["ERR_API_SERVER"]);
    await expect(withRetries(call, deps)).rejects.toBe(reason);
    expect(calls()).toBe(1);
  });
});

describe("createRetryBudget", () => {
  it("saves up no more than ten retries", () => {
    const budget = createRetryBudget();
    for (let i = 0; i < 1000; i += 1) budget.earn();
    const spent = Array.from({ length: 12 }, () => budget.spend());
    expect(spent.filter(Boolean)).toHaveLength(10);
  });
});
