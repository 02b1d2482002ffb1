import { epochMs, milliseconds } from "@headgate/core";
import { expect, it } from "vitest";
import { closeGate, holdObject, settleGate } from "./gate.ts";
import { addLoad, claimAs, ledgerOfTest } from "./ledger.test-support.ts";
import type { Ledger } from "./ledger.ts";

const start = 1_000_000;

async function close(ledger: Ledger, retryAfterMs?: number): Promise<number> {
  return await closeGate(ledger, {
    retryAfterMs: retryAfterMs === undefined ? undefined : milliseconds(retryAfterMs),
    random: 0,
  });
}

it("closes for Retry-After, and nobody claims before it opens", async () => {
  const { ledger, setNow } = ledgerOfTest();
  await addLoad(ledger, { id: "a", parts: 1 });
  expect(await close(ledger, 7000)).toBe(start + 7000);

  setNow(start + 6999);
  expect(await claimAs(ledger, "job1")).toEqual({
    kind: "wait",
    reason: "gate",
    until: start + 7000,
  });
  setNow(start + 7000);
  expect(await claimAs(ledger, "job1")).toEqual({ kind: "granted" });
});

it("closes for 60 s doubling to 15 min where the API does not say how long", async () => {
  const { ledger, setNow } = ledgerOfTest();
  let now = start;
  for (const span of [60, 120, 240, 480, 900, 900]) {
    const until = await close(ledger);
    expect(until - now).toBe(span * 1000);
    now = until;
    setNow(now);
  }
});

it("begins at 60 s again after a creation that worked", async () => {
  const { ledger, setNow } = ledgerOfTest();
  setNow(await close(ledger));
  const until = await close(ledger);
  await settleGate(ledger);
  setNow(until);
  expect(await close(ledger)).toBe(until + 60_000);
});

it("never opens earlier than it was told to", async () => {
  const { ledger } = ledgerOfTest();
  await close(ledger, 90_000);
  expect(await close(ledger, 1000)).toBe(start + 90_000);
});

it("holds one object until its instant, and only that one", async () => {
  const { ledger } = ledgerOfTest();
  await addLoad(ledger, { id: "a", object: "orders", parts: 1 });
  await addLoad(ledger, { id: "b", object: "customers", parts: 1 });
  await holdObject(ledger, "crm/orders", epochMs(start + 10));
  expect(await claimAs(ledger, "job1")).toEqual({
    kind: "wait",
    reason: "object-held",
    until: start + 10,
  });
  expect(await claimAs(ledger, "job2", { object: "customers" })).toEqual({ kind: "granted" });
});
