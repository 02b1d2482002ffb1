import { expect, test } from "vitest";
import { compareKeys } from "./compare-keys.ts";

test("keys compare as their UTF-8 bytes, not as UTF-16", () => {
  expect(["😀", "\uFFF0", "z", "é", "a/", "a."].toSorted(compareKeys)).toEqual([
    "a.",
    "a/",
    "z",
    "é",
    "\uFFF0",
    "😀",
  ]);
});
