/** A pinned object that is no longer the same must fail, never be read as if it were. */
import { describe, expect, test } from "vitest";
import { openFor, pinOne, rangeOf, readAll, type StoreSubject, sample } from "./subject.ts";

export function describeChanges(subject: StoreSubject): void {
  describe("an object that changed after it was pinned", () => {
    test.each([
      ["other bytes of the same length", sample(3_456, 2)],
      ["more bytes", Buffer.concat([sample(3_456), Buffer.from("x")])],
      ["fewer bytes", sample(3_455)],
    ])("is not read when it has %s", async (_, other) => {
      const open = await openFor(subject);
      await open.put("c.bin", sample(3_456));
      const object = await pinOne(open, "c.bin");
      await open.put("c.bin", other);
      for (const range of [rangeOf(0, 3_456), rangeOf(10, 20)]) {
        await expect(readAll(open.store, object, range)).rejects.toMatchObject({
          code: "ERR_SOURCE_CHANGED",
          fields: { uri: object.uri },
        });
      }
      const [again] = [await pinOne(open, "c.bin")];
      expect(again.pin).not.toBe(object.pin);
      expect((await readAll(open.store, again)).equals(other)).toBe(true);
    });

    test("is not read when it is gone", async () => {
      const open = await openFor(subject);
      await open.put("c.bin", sample(100));
      const object = await pinOne(open, "c.bin");
      await open.remove("c.bin");
      await expect(readAll(open.store, object)).rejects.toMatchObject({
        code: "ERR_SOURCE_CHANGED",
        fields: { uri: object.uri },
      });
    });
  });
}
