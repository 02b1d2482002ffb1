import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { maxHeaderBytes } from "./first-record.ts";
import { createPartPlanner } from "./part-planner.ts";
import { textFields } from "./plan-load.test-support.ts";

describe("memory stays small", () => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  /** Bytes in array buffers still in use. The second run waits for the first one's sweep. */
  const bytesHeld = () => {
    collect();
    collect();
    return process.memoryUsage().arrayBuffers;
  };

  test.each([
    ["blank lines", "\n"],
    ["a record that does not end", "x"],
  ])("over 40 MB of %s", (_, character) => {
    const chunk = new Uint8Array(500_000).fill(character.charCodeAt(0));
    const planner = createPartPlanner({
      operation: "delete",
      header: "detect",
      schema: textFields([]),
      onPart: () => {},
    });
    planner.beginSource({ uri: "file:///0", bytes: 40_000_000 });
    const before = bytesHeld();
    for (let pushed = 0; pushed < 40_000_000; pushed += chunk.length) planner.push(chunk);
    expect(bytesHeld() - before).toBeLessThan(20 * maxHeaderBytes);
  });
});
