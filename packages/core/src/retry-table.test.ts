import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorCodes } from "./errors.ts";
import { backoffMs, retryTable } from "./retry-table.ts";

describe("retryTable", () => {
  it("has an entry for every error code and no other", () => {
    expect(Object.keys(retryTable).sort()).toEqual(Object.keys(errorCodes).sort());
  });

  it("names a source and consistent bounds in every entry", () => {
    for (const [code, entry] of Object.entries(retryTable)) {
      expect(entry.source, code).not.toBe("");
      expect(entry.maxMs, code).toBeGreaterThanOrEqual(entry.baseMs);
      expect(entry.attempts, code).toBeGreaterThanOrEqual(1);
      if (entry.retry === "never") expect(entry.attempts, code).toBe(1);
    }
  });

  it("repeats a call that had no effect, and no call whose answer would be the same", () => {
    const { ERR_API_SERVER: passing, ERR_API_FORBIDDEN: lasting } = retryTable;
    expect(passing).toMatchObject({ retry: "same-call", baseMs: 500, maxMs: 10_000, attempts: 4 });
    expect(lasting).toMatchObject({ retry: "never", baseMs: 0, maxMs: 0, attempts: 1 });
    expect(retryTable.ERR_API_UNKNOWN_OUTCOME).toMatchObject({ baseMs: 500, maxMs: 10_000 });
  });

  it("never repeats blindly what may have had an effect", () => {
    expect(retryTable.ERR_API_UNKNOWN_OUTCOME.retry).toBe("after-reconcile");
    expect(retryTable.ERR_API_UNEXPECTED.retry).toBe("after-reconcile");
    expect(retryTable.ERR_API_CONFLICT.retry).toBe("after-reconcile");
  });
});

describe("backoffMs", () => {
  it("doubles the bound with each attempt up to the maximum", () => {
    const bounds = [1, 2, 3, 4, 5, 6, 100].map((attempt) =>
      backoffMs(retryTable.ERR_API_THROTTLED, attempt, 0.999_999_999),
    );
    expect(bounds).toEqual([59_999, 119_999, 239_999, 479_999, 899_999, 899_999, 899_999]);
  });

  it("stays between 0 and the bound of its entry for any attempt and random number", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(retryTable)),
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (entry, attempt, random) => {
          const wait = backoffMs(entry, attempt, random);
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(entry.maxMs);
        },
      ),
    );
  });
});
