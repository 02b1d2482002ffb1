/** Reading exact ranges, and bodies made of them. */
import { type BodyPiece, bytes } from "@headgate/core";
import { describe, expect, test } from "vitest";
import { openBody } from "../rewindable-body.ts";
import {
  collect,
  listAll,
  never,
  openFor,
  pinOne,
  rangeOf,
  readAll,
  type StoreSubject,
  sample,
} from "./subject.ts";

/** Longer than what one GET of the suite asks for, and no multiple of it. */
const length = 3_456;

export function describeReading(subject: StoreSubject): void {
  describe("reading", () => {
    test.each([
      [0, length],
      [0, 1],
      [length - 1, length],
      [999, 1001],
      [1000, 2000],
      [1, 3455],
      [700, 700],
    ])("yields exactly the bytes from %i to %i", async (from, to) => {
      const open = await openFor(subject);
      const content = sample(length);
      await open.put("r.bin", content);
      const object = await pinOne(open, "r.bin");
      const seen = await readAll(open.store, object, rangeOf(from, to));
      expect(seen.equals(content.subarray(from, to))).toBe(true);
    });

    test("yields nothing for an empty object", async () => {
      const open = await openFor(subject);
      await open.put("empty", Buffer.alloc(0));
      expect(await readAll(open.store, await pinOne(open, "empty"))).toHaveLength(0);
    });

    test("reads an object that was written in parts, by the pin that the listing gave", async () => {
      const open = await openFor(subject);
      const parts = [Buffer.alloc(5 * 1024 * 1024, "one"), sample(length)];
      await open.putInParts("parts/p.bin", parts);
      const [object] = await listAll(open.store, { kind: "prefix", uri: open.uriOf("parts/") });
      expect(object).toEqual(await pinOne(open, "parts/p.bin"));
      if (object === undefined) return;
      const seam = await readAll(open.store, object, rangeOf(5 * 1024 * 1024 - 3, object.bytes));
      expect(seam.equals(Buffer.concat(parts).subarray(5 * 1024 * 1024 - 3))).toBe(true);
    });

    test("refuses a range past the object's end as the caller's mistake", async () => {
      const open = await openFor(subject);
      await open.put("r.bin", sample(10));
      const object = await pinOne(open, "r.bin");
      await expect(readAll(open.store, object, rangeOf(5, 11))).rejects.toThrow(RangeError);
    });

    test("serves many reads at a time", async () => {
      const open = await openFor(subject);
      const content = sample(length);
      await open.put("r.bin", content);
      const object = await pinOne(open, "r.bin");
      const starts = [0, 400, 800, 1200, 1600, 2000, 2400, 2800];
      const seen = await Promise.all(
        starts.map((from) => readAll(open.store, object, rangeOf(from, from + 600))),
      );
      expect(
        seen.map((one, index) =>
          one.equals(content.subarray(starts[index], (starts[index] ?? 0) + 600)),
        ),
      ).toEqual(starts.map(() => true));
    });

    test("throws the signal's reason, before and between chunks", async () => {
      const open = await openFor(subject);
      await open.put("r.bin", sample(700_000));
      const object = await pinOne(open, "r.bin");
      const reason = new Error("stopped");
      const fired = open.store.read(object, rangeOf(0, 10), { signal: AbortSignal.abort(reason) });
      await expect(collect(fired)).rejects.toBe(reason);

      const control = new AbortController();
      async function readUntilStopped(): Promise<void> {
        for await (const _ of open.store.read(object, rangeOf(0, object.bytes), control)) {
          control.abort(reason);
        }
      }
      await expect(readUntilStopped()).rejects.toBe(reason);
    });

    test("lets the consumer leave early and read again", async () => {
      const open = await openFor(subject);
      const content = sample(700_000);
      await open.put("r.bin", content);
      const object = await pinOne(open, "r.bin");
      for await (const chunk of open.store.read(object, rangeOf(0, object.bytes), {
        signal: never(),
      })) {
        expect(chunk.byteLength).toBeGreaterThan(0);
        break;
      }
      const tail = await readAll(open.store, object, rangeOf(699_000, 700_000));
      expect(tail.equals(content.subarray(699_000))).toBe(true);
    });
  });

  describe("a body", () => {
    test("has a known length and gives the same bytes each time it is opened", async () => {
      const open = await openFor(subject);
      const [one, two] = [sample(length, 1), sample(length, 2)];
      await open.put("1.bin", one);
      await open.put("2.bin", two);
      const objects = [await pinOne(open, "1.bin"), await pinOne(open, "2.bin")] as const;
      const pieces: readonly BodyPiece[] = [
        { kind: "literal", text: "id,größe\r\n" },
        { kind: "range", object: objects[0], range: rangeOf(10, length) },
        { kind: "literal", text: "\n" },
        { kind: "range", object: objects[1], range: rangeOf(0, 0) },
        { kind: "range", object: objects[1], range: rangeOf(0, 2_000) },
      ];
      const body = openBody(pieces, open.store);
      const expected = Buffer.concat([
        Buffer.from("id,größe\r\n"),
        one.subarray(10),
        Buffer.from("\n"),
        two.subarray(0, 2_000),
      ]);
      expect(body.bytes).toBe(bytes(expected.byteLength));
      for (let time = 0; time < 2; time += 1) {
        const seen = Buffer.concat(await collect(body.open(never())));
        expect(seen.equals(expected)).toBe(true);
      }
    });

    test("can be opened again after it was left early", async () => {
      const open = await openFor(subject);
      const content = sample(length);
      await open.put("1.bin", content);
      const object = await pinOne(open, "1.bin");
      const body = openBody([{ kind: "range", object, range: rangeOf(0, length) }], open.store);
      for await (const _ of body.open(never())) break;
      expect(Buffer.concat(await collect(body.open(never()))).equals(content)).toBe(true);
    });
  });
}
