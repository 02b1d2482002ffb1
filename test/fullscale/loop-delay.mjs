/**
 * Measures how long the event loop of the process that is started with `--import` of this file was
 * held up, and appends it as a line of JSON to the file that HEADGATE_TEST_LOOP_DELAY names: at each
 * SIGUSR2 what was since the last one, and at the end the rest. JavaScript, so that no TypeScript
 * compiler comes into the memory that is measured.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { createHistogram, monitorEventLoopDelay } from "node:perf_hooks";

const path = process.env.HEADGATE_TEST_LOOP_DELAY;
if (path === undefined) throw new Error("HEADGATE_TEST_LOOP_DELAY names no file");

// The time between two timers of 10 ms each, so a loop that is never held up shows 10 ms.
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();

// What this thread has computed between two such timers: what the loop is held up by its own code,
// whatever else the machine does.
const computed = createHistogram();
let last = process.threadCpuUsage();
setInterval(() => {
  const { user, system } = process.threadCpuUsage(last);
  last = process.threadCpuUsage();
  computed.record(Math.max(1, Math.round(user + system)));
}, 10).unref();

/** Seconds that this thread was ready to run and waited for a processor, since its start. */
function waitedSeconds() {
  const [, waited] = readFileSync("/proc/self/schedstat", "utf8").split(" ");
  return Number(waited) / 1e9;
}
let waitedBefore = waitedSeconds();

function tell() {
  const waited = waitedSeconds();
  const line = {
    count: delay.count,
    p50Ms: delay.percentile(50) / 1e6,
    p99Ms: delay.percentile(99) / 1e6,
    maxMs: delay.max / 1e6,
    computedP99Ms: computed.percentile(99) / 1e3,
    computedMaxMs: computed.max / 1e3,
    cpuWaitSeconds: waited - waitedBefore,
  };
  appendFileSync(path, `${JSON.stringify(line)}\n`);
  waitedBefore = waited;
  delay.reset();
  computed.reset();
}

process.on("SIGUSR2", tell);
process.on("exit", tell);
