import { milliseconds } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { stopwatchOfTest } from "../stopwatch.test-support.ts";
import { type Lease, takeLease } from "./lease.ts";

const lockMs = milliseconds(30_000);
const never = new Promise<boolean>(() => undefined);

/** A lease whose extensions `answer` takes, by their number from 1. */
function takeOne(answer: (extension: number) => Promise<boolean>) {
  const stopwatch = stopwatchOfTest();
  const sent: number[] = [];
  const taking = takeLease({
    lockMs,
    stopwatch,
    extend() {
      sent.push(stopwatch.elapsedMs());
      return answer(sent.length);
    },
  });
  taking.catch(() => undefined);
  return { stopwatch, sent, taking };
}

async function yes(): Promise<boolean> {
  return true;
}

async function refused(): Promise<boolean> {
  throw new Error("OOM");
}

describe("before the first step", () => {
  it("an extension is confirmed", async () => {
    const { sent, taking } = takeOne(yes);
    expect((await taking).signal.aborted).toBe(false);
    expect(sent).toEqual([0]);
  });

  it("a lock that is gone ends it at once", async () => {
    const { taking } = takeOne(async () => false);
    await expect(taking).rejects.toThrow("no longer ours");
  });

  it("silence ends it when the lock may have run out", async () => {
    const { stopwatch, taking } = takeOne(() => never);
    await stopwatch.move(26_999);
    expect(await Promise.race([taking, "waits"])).toBe("waits");
    await stopwatch.move(1);
    await expect(taking).rejects.toThrow("no extension");
  });

  it("a failed extension is tried again", async () => {
    const { stopwatch, sent, taking } = takeOne((n) => (n < 3 ? refused() : yes()));
    await stopwatch.move(6000);
    expect((await taking).signal.aborted).toBe(false);
    expect(sent).toEqual([0, 3000, 6000]);
  });
});

describe("a lease that is held", () => {
  it("is extended each third of the lock for as long as it takes", async () => {
    const { stopwatch, sent, taking } = takeOne(yes);
    const { signal } = await taking;
    await stopwatch.move(600_000);
    expect(signal.aborted).toBe(false);
    expect(sent.slice(0, 4)).toEqual([0, 10_000, 20_000, 30_000]);
  });

  it.each([
    ["falls silent", () => never],
    ["refuses every write", refused],
  ])("ends a margin before the lock where Redis %s", async (_, fault) => {
    const { stopwatch, taking } = takeOne((n) => (n <= 2 ? yes() : fault()));
    const { signal } = await taking;
    await stopwatch.move(10_000 + 26_999);
    expect(signal.aborted).toBe(false);
    await stopwatch.move(1);
    expect(signal.aborted).toBe(true);
  });

  it("ends at once where someone else has the lock", async () => {
    const { stopwatch, taking } = takeOne(async (n) => n === 1);
    const { signal } = await taking;
    await stopwatch.move(10_000);
    expect(signal.reason).toEqual(new Error("the task's lock is no longer ours"));
  });

  it("counts from the sending of an extension, however late its answer", async () => {
    const late = Promise.withResolvers<boolean>();
    const { stopwatch, sent, taking } = takeOne((n) => {
      if (n === 1) return yes();
      return n === 2 ? late.promise : never;
    });
    const { signal } = await taking;
    await stopwatch.move(25_000);
    late.resolve(true);
    await stopwatch.move(11_999);
    expect(signal.aborted).toBe(false);
    expect(sent).toEqual([0, 10_000, 25_000]);
    await stopwatch.move(1);
    expect(signal.aborted).toBe(true);
  });

  it("does not come back by an answer after its end", async () => {
    const late = Promise.withResolvers<boolean>();
    const { stopwatch, sent, taking } = takeOne((n) => (n === 1 ? yes() : late.promise));
    const { signal } = await taking;
    await stopwatch.move(40_000);
    late.resolve(true);
    await stopwatch.move(40_000);
    expect(signal.aborted).toBe(true);
    expect(sent).toEqual([0, 10_000]);
  });

  it("is over by the clock, though its timer had no turn", async () => {
    const { stopwatch, taking } = takeOne(yes);
    const lease = await taking;
    stopwatch.jump(26_999);
    lease.throwIfOver();
    stopwatch.jump(1);
    expect(lease.signal.aborted).toBe(false);
    expect(() => lease.throwIfOver()).toThrow("no extension");
    expect(lease.signal.aborted).toBe(true);
    expect(() => lease.throwIfOver()).toThrow("no extension");
  });

  it("is neither extended nor lost once it is released", async () => {
    const { stopwatch, sent, taking } = takeOne(yes);
    const lease: Lease = await taking;
    lease.release();
    await stopwatch.move(100_000);
    lease.throwIfOver();
    expect(sent).toEqual([0]);
    expect(lease.signal.aborted).toBe(false);
  });
});
