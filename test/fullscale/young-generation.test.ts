import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** At the program's end makes much that soon is garbage, and prints how large the young generation has become. */
const afterGarbage = `
  import { getHeapSpaceStatistics } from "node:v8";
  process.on("exit", () => {
    let kept = [];
    for (let number = 0; number < 500_000; number++) {
      kept.push({ number, list: [number] });
      if (kept.length > 60_000) kept = kept.slice(30_000);
    }
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
    console.log("young generation", young.space_size);
  });
`;

function youngGenerationBytes(program: readonly string[]): number {
  const hook = `data:text/javascript,${encodeURIComponent(afterGarbage)}`;
  const told = execFileSync(process.execPath, ["--import", hook, ...program], { encoding: "utf8" });
  return Number(/^young generation (\d+)$/m.exec(told)?.[1]);
}

test("the worker's command keeps V8 from gathering garbage that a plain Node would", () => {
  const command = new URL("../../apps/worker/bin/headgate-worker.mjs", import.meta.url);
  const worker = youngGenerationBytes([fileURLToPath(command), "--version"]);
  const plain = youngGenerationBytes(["--eval", ""]);
  expect(worker).toBeLessThan(16_000_000);
  expect(plain).toBeGreaterThan(2 * worker);
});
