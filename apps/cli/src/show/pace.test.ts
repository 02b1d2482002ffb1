import { expect, test } from "vitest";
import { showDuration } from "./measures.ts";
import { showPace } from "./pace.ts";

test.each([
  [0, 10, []],
  [2e6, 0, ["2.0 MB/s"]],
  [2e6, 90e6, ["2.0 MB/s", "45 s left"]],
  [1e6, 200e6, ["1.0 MB/s", "3 min 20 s left"]],
])("at %i bytes a second with %i left it says %j", (rate, left, words) => {
  expect(showPace(rate, left)).toEqual(words);
});

test.each([
  [-1, "0 s"],
  [59.4, "59 s"],
  [60, "1 min 0 s"],
  [7500, "2 h 5 min"],
])("%d seconds are %s", (seconds, text) => {
  expect(showDuration(seconds)).toBe(text);
});
