import { type ByteRange, bytes, type SourceObject } from "@headgate/core";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { collect, never, rangeOf, sample } from "./conformance/subject.ts";
import { type ConvertedReads, createConvertedReads } from "./converted-reads.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const content = sample(10_000);
const object = objectNamed("a");

function objectNamed(name: string): SourceObject {
  return {
    uri: `file:///${name}`,
    bytes: bytes(100),
    pin: "1",
    conversion: { compression: "gzip", encoding: "utf-8", delimiter: "," },
  };
}

/** Reads of `content` in chunks of 700 bytes, with a count of the passes begun and of those open. */
function createSubject({ maxParked = 4, fails = false } = {}) {
  const passes = { begun: 0, open: 0 };
  const reads = createConvertedReads({
    async *convertWhole(_, { signal }) {
      passes.begun++;
      passes.open++;
      try {
        for (let at = 0; at < content.length; at += 700) {
          signal.throwIfAborted();
          yield content.subarray(at, at + 700);
        }
      } finally {
        passes.open--;
      }
    },
    async checkPinned() {
      if (fails) throw new Error("changed");
    },
    maxParked,
    parkedMs: 1000,
  });
  return { reads, passes };
}

async function read(
  reads: ConvertedReads,
  [from, to]: readonly [number, number],
  of: SourceObject = object,
): Promise<Buffer> {
  return Buffer.concat(await collect(reads.read(of, rangeOf(from, to), { signal: never() })));
}

test("any ranges in any order are the bytes of the whole", async () => {
  const range = fc
    .tuple(fc.nat(content.length), fc.nat(content.length))
    .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);
  await fc.assert(
    fc.asyncProperty(fc.array(range, { maxLength: 12 }), fc.boolean(), async (ranges, atOnce) => {
      const { reads, passes } = createSubject({ maxParked: 2 });
      const check = async ([from, to]: [number, number]) =>
        expect((await read(reads, [from, to])).equals(content.subarray(from, to))).toBe(true);
      if (atOnce) await Promise.all(ranges.map(check));
      else for (const one of ranges) await check(one);
      expect(passes.open).toBeLessThanOrEqual(2);
      await reads.close();
      expect(passes.open).toBe(0);
      expect(vi.getTimerCount()).toBe(0);
    }),
  );
});

test("reads in order cost one pass, gaps between them included", async () => {
  const { reads, passes } = createSubject();
  for (const range of [
    [0, 10],
    [10, 3000],
    [3001, 3001],
    [3005, 9000],
    [9000, 10_000],
  ] as const)
    await read(reads, range);
  expect(passes).toEqual({ begun: 1, open: 0 });
});

test("a read before the parked byte begins a pass of its own", async () => {
  const { reads, passes } = createSubject();
  await read(reads, [0, 5000]);
  await read(reads, [4999, 6000]);
  expect(passes).toEqual({ begun: 2, open: 2 });
  await reads.close();
});

test("other pins and other conversions of an object share no pass", async () => {
  const { reads, passes } = createSubject();
  await read(reads, [0, 10]);
  await read(reads, [10, 20], { ...object, pin: "2" });
  const conversion = { compression: "none", encoding: "latin1", delimiter: "," } as const;
  await read(reads, [10, 20], { ...object, conversion });
  expect(passes.begun).toBe(3);
  await reads.close();
});

test("one pass more than may be parked ends the one parked longest", async () => {
  const { reads, passes } = createSubject({ maxParked: 2 });
  for (const name of ["a", "b", "c"]) await read(reads, [0, 10], objectNamed(name));
  expect(passes.open).toBe(2);
  await read(reads, [10, 20], objectNamed("b"));
  expect(passes.begun).toBe(3);
  await read(reads, [10, 20], objectNamed("a"));
  expect(passes.begun).toBe(4);
  await reads.close();
});

test("a parked pass ends when its time is up", async () => {
  const { reads, passes } = createSubject();
  await read(reads, [0, 10]);
  expect(passes.open).toBe(1);
  await vi.advanceTimersByTimeAsync(1000);
  expect(passes.open).toBe(0);
});

test("leaving within a range ends the pass; leaving at its end parks it", async () => {
  const { reads, passes } = createSubject();
  for await (const _ of reads.read(object, rangeOf(0, 5000), { signal: never() })) break;
  expect(passes.open).toBe(0);
  for await (const _ of reads.read(object, rangeOf(0, 500), { signal: never() })) break;
  expect(passes.open).toBe(1);
  await read(reads, [500, 600]);
  expect(passes.begun).toBe(2);
  await reads.close();
});

test("the signal ends a read with its reason, and parks nothing", async () => {
  const { reads, passes } = createSubject();
  const reason = new Error("stopped");
  const stopped = reads.read(object, rangeOf(0, 10), { signal: AbortSignal.abort(reason) });
  await expect(collect(stopped)).rejects.toBe(reason);
  for (const range of [rangeOf(0, 5000), rangeOf(0, 500)]) {
    const control = new AbortController();
    const reading = async () => {
      for await (const _ of reads.read(object, range, control)) control.abort(reason);
    };
    await expect(reading()).rejects.toBe(reason);
  }
  expect(passes.open).toBe(0);
});

test("a range does not end as if it were whole where the object has changed", async () => {
  const { reads, passes } = createSubject({ fails: true });
  await expect(read(reads, [0, 5000])).rejects.toThrow("changed");
  expect(passes.open).toBe(0);
});

test("a range past the end fails", async () => {
  const { reads, passes } = createSubject();
  await expect(read(reads, [9000, 10_001])).rejects.toMatchObject({
    code: "ERR_SOURCE_CHANGED",
    fields: { uri: object.uri, endedAt: 10_000, planned: 10_001 },
  });
  const backwards: ByteRange = rangeOf(2, 1);
  await expect(collect(reads.read(object, backwards, { signal: never() }))).rejects.toThrow(
    RangeError,
  );
  expect(passes.open).toBe(0);
});
