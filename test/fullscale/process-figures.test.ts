import { expect, test } from "vitest";
import { figuresOf } from "./process-figures.ts";

test("reads the memory and the CPU time that Node itself is told", () => {
  const { rssBytes, cpuSeconds } = figuresOf(process.pid);
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const own = (userCPUTime + systemCPUTime) / 1e6;
  expect(Math.abs(rssBytes - process.memoryUsage.rss()) / rssBytes).toBeLessThan(0.2);
  expect(cpuSeconds).toBeGreaterThan(own - 0.5);
  expect(cpuSeconds).toBeLessThanOrEqual(own + 0.02);
});

test("reads a peak that memory which was held leaves behind", () => {
  const { rssBytes } = figuresOf(process.pid);
  const held = Buffer.alloc(300_000_000, 1);
  const { peakRssBytes } = figuresOf(process.pid);
  expect(peakRssBytes).toBeGreaterThan(rssBytes + 0.9 * held.length);
  // What the system tells Node also counts the process that this one was forked from.
  expect(peakRssBytes / 1024).toBeLessThan(1.01 * process.resourceUsage().maxRSS);
});
