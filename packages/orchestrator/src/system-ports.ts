/** Chance and time of the machine, for everything but tests and simulations. */
import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { Chance, Stopwatch } from "./ports.ts";

/** Ids of 80 random bits. */
export const systemChance: Chance = {
  random: Math.random,
  newId: () => randomBytes(10).toString("hex"),
};

/** The monotonic clock: changes of the wall clock do not touch it. */
export const systemStopwatch: Stopwatch = {
  elapsedMs: () => performance.now(),
  deadline: (ms) => AbortSignal.timeout(Math.ceil(ms)),
  after(ms, run) {
    const timer = setTimeout(run, Math.ceil(ms)).unref();
    return () => clearTimeout(timer);
  },
};
