import { expect, it } from "vitest";
import { judgeFile } from "./new-files.ts";

it.each([
  ["never seen", { isLoaded: false }, "new"],
  ["loaded", { isLoaded: true }, "loaded"],
  ["loaded, and another form of it on its way", { isLoaded: true, heldAs: "another" }, "loaded"],
  ["on its way", { isLoaded: false, heldAs: "same" }, "in-flight"],
  ["on its way in another form", { isLoaded: false, heldAs: "another" }, "contested"],
] as const)("judges a file that was %s", (_what, knowledge, verdict) => {
  expect(judgeFile(knowledge)).toBe(verdict);
});
