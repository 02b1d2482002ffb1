import { expect, it } from "vitest";
import { RowLog } from "./row-log.ts";

it("gives back all rows in order", () => {
  const log = new RowLog();
  const rows = 300_000;
  for (let at = 0; at < rows; at += 1) {
    log.push({ high: at, low: at + 1 }, { high: at + 2, low: at + 3 });
  }
  let next = 0;
  let wrong = 0;
  for (const words of log.chunks()) {
    for (let at = 0; at < words.length; at += 4, next += 1) {
      if (words[at] !== next || words[at + 3] !== next + 3) wrong += 1;
    }
  }
  expect({ next, wrong, counted: log.rows }).toEqual({ next: rows, wrong: 0, counted: rows });
});
