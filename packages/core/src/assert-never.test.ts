import { expect, test } from "vitest";
import { assertNever } from "./assert-never.ts";

test("a case that the compiler could not see is told", () => {
  // @ts-expect-error The compiler refuses what can happen.
  expect(() => assertNever({ kind: "new" })).toThrow(
    new TypeError('unhandled case: {"kind":"new"}'),
  );
});
