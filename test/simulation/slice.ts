/**
 * A process that runs seeds for `run.ts`. Told a bug, it puts that into the sources before anything of
 * headgate is loaded. It answers each seed with a message, and asks for the next by that.
 */
import { bugNamed } from "./bugs/all-bugs.ts";
import { breakSources } from "./bugs/break-sources.ts";
import type { FromSlice, ToSlice } from "./slice-messages.ts";

const [, , bug = ""] = process.argv;
if (bug !== "") breakSources(bugNamed(bug));
const { runSeed } = await import("./run-seed.ts");

const tell = (message: FromSlice): void => void process.send?.(message);

process.on("message", (message: ToSlice) => {
  void runOne(message);
});

async function runOne({ seed, traced }: ToSlice): Promise<void> {
  // Errors are thrown by the thousand here, and nobody reads their stacks.
  Error.stackTraceLimit = traced === "lines" ? 10 : 0;
  const { counts, ...result } = await runSeed(seed, { traced });
  tell({ ...result, counts: [...counts] });
}

// What nobody waits for must not be lost: it is a defect of the simulation or of what it runs.
process.on("unhandledRejection", (reason) => {
  process.stderr.write(`unhandled: ${reason instanceof Error ? reason.stack : String(reason)}\n`);
  process.exit(70);
});
