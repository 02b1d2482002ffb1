import { expect, test } from "vitest";
import { createLineLogger } from "./line-logger.ts";

function logged(level: string, write: (logger: ReturnType<typeof createLineLogger>) => void) {
  const lines: string[] = [];
  write(createLineLogger(level, (line) => lines.push(line)));
  return lines;
}

test("an entry is a line of time, message and measures", () => {
  const [line] = logged("info", (logger) =>
    logger.info({ loadId: "default.1", counts: { value_date: 2 }, message: "two words" }, "load.x"),
  );
  expect(line).toMatch(/^\d\d:\d\d:\d\d load\.x loadId=default\.1 /);
  expect(line).toContain('counts={"value_date":2} message="two words"');
});

test("warnings and errors say so, without their stack", () => {
  const lines = logged("info", (logger) => {
    logger.warn("gate.closed");
    logger.error({ err: new Error("no room") }, "failed");
  });
  expect(lines[0]).toMatch(/ WARN gate\.closed$/);
  expect(lines[1]).toMatch(/ ERROR failed err="no room"$/);
});

test("what is below the level is not told", () => {
  const write = (logger: ReturnType<typeof createLineLogger>): void => {
    logger.info("a");
    logger.warn("b");
  };
  expect(logged("warn", write)).toHaveLength(1);
  expect(logged("silent", write)).toEqual([]);
});
