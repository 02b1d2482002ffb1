import { expect, it } from "vitest";
import { clockCheck } from "./clock.ts";

const name = { id: "x.clock", title: "clock" };
const judge = (offsetMs: number) => clockCheck(name, { offsetMs, whose: "the tenant" });

it.each([
  [0, "ok", "the tenant is 0.0 s ahead of this machine's clock"],
  [-10_000, "ok", "the tenant is 10.0 s behind this machine's clock"],
  [
    10_001,
    "warn",
    "the tenant is 10.0 s ahead of this machine's clock; 10 s or less would be right",
  ],
  [
    180_000,
    "warn",
    "the tenant is 180.0 s ahead of this machine's clock; 10 s or less would be right",
  ],
  [-180_001, "fail", "the tenant is 180.0 s behind this machine's clock; allowed are 180 s"],
])("a clock that is off by %i ms: %s", (offsetMs, status, detail) => {
  expect(judge(offsetMs)).toMatchObject({ ...name, status, detail });
});
