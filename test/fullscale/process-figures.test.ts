import { expect, test } from "vitest";
import { figuresOf } from "./process-figures.ts";

test("reads the peak memory and the CPU time that Node itself is told", () => {
  const { rssBytes, peakRssBytes, cpuSeconds } = figuresOf(process.pid);
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const own = (userCPUTime + systemCPUTime) / 1e6;
  expect(Math.abs(peakRssBytes / 1024 - maxRSS) / maxRSS).toBeLessThan(0.1);
  expect(rssBytes).toBeLessThanOrEqual(peakRssBytes);
  expect(Math.abs(rssBytes - process.memoryUsage.rss()) / rssBytes).toBeLessThan(0.2);
  expect(cpuSeconds).toBeGreaterThan(own - 0.5);
  expect(cpuSeconds).toBeLessThanOrEqual(own + 0.02);
});
