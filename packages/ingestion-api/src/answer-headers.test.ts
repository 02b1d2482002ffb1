import { describe, expect, it } from "vitest";
import { answerDate, maxRetryAfterMs, retryAfterMs } from "./answer-headers.ts";

const now = "Fri, 17 Jul 2026 10:00:00 GMT";
const date = answerDate(now);

describe("answerDate", () => {
  it("reads the fixed date form", () => {
    expect(answerDate(now)).toBe(Date.UTC(2026, 6, 17, 10));
  });

  it.each([
    undefined,
    "",
    "yesterday",
    "2026-07-17T10:00:00Z",
    "Fri, 17 Jul 2026 10:00:00 GMT+1",
    "on Fri, 17 Jul 2026 10:00:00 GMT",
    "Fri, 32 Jul 2026 10:00:00 GMT",
    ["Fri, 17 Jul 2026 10:00:00 GMT"],
    ["a", "b"],
  ])("gives nothing for %j", (header) => {
    expect(answerDate(header)).toBeUndefined();
  });
});

describe("retryAfterMs", () => {
  it.each([
    ["0", 0],
    ["90", 90_000],
    [" 7 ", 7_000],
    ["999999999999999999999", maxRetryAfterMs],
    ["Fri, 17 Jul 2026 10:02:00 GMT", 120_000],
    ["Fri, 17 Jul 2026 09:00:00 GMT", 0],
    ["Sat, 17 Jul 2027 09:00:00 GMT", maxRetryAfterMs],
  ])("reads %s", (header, wait) => {
    expect(retryAfterMs(header, date)).toBe(wait);
  });

  it.each([undefined, "", "-1", "1.5", "2 min", "soon", ["7"], ["1", "2"]])(
    "gives nothing for %j",
    (header) => {
      expect(retryAfterMs(header, date)).toBeUndefined();
    },
  );

  it("gives nothing for a date where the answer has no Date", () => {
    expect(retryAfterMs("Fri, 17 Jul 2026 10:02:00 GMT", undefined)).toBeUndefined();
  });
});
