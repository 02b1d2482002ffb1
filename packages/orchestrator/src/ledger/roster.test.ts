import { deathsRememberedMs, milliseconds } from "@headgate/core";
import { expect, it } from "vitest";
import { ledgerOfTest } from "./ledger.test-support.ts";
import { noteAtWork, recentDeaths, signOff } from "./roster.ts";

const silenceMs = milliseconds(30_000);

it("counts a worker that falls silent as dead, once, for an hour", async () => {
  const { ledger, setNow } = ledgerOfTest();
  setNow(1_000_000);
  expect(await noteAtWork(ledger, "one", silenceMs)).toBe(0);
  setNow(1_029_999);
  expect(await noteAtWork(ledger, "two", silenceMs)).toBe(0);
  setNow(1_030_000);
  expect(await noteAtWork(ledger, "two", silenceMs)).toBe(1);
  setNow(1_050_000);
  expect(await noteAtWork(ledger, "two", silenceMs)).toBe(1);
  expect(await recentDeaths(ledger)).toBe(1);
  setNow(1_030_001 + deathsRememberedMs);
  expect(await recentDeaths(ledger)).toBe(0);
});

it("does not count a worker that has signed off", async () => {
  const { ledger, setNow } = ledgerOfTest();
  await noteAtWork(ledger, "one", silenceMs);
  await signOff(ledger, "one");
  setNow(2_000_000);
  expect(await noteAtWork(ledger, "two", silenceMs)).toBe(0);
});
