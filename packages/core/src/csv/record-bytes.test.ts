import { expect, test } from "vitest";
import { createRecordBytes } from "./record-bytes.ts";

const record = (start: number, end: number) => {
  return { start, end, line: 1, fields: 1, lineEnd: "" } as const;
};

function textOf({ bytes, base }: { bytes: Uint8Array; base: number }, from: number, to: number) {
  return new TextDecoder().decode(bytes.subarray(from - base, to - base));
}

test("a record within a chunk is looked at where it lies", () => {
  const bytes = createRecordBytes();
  const chunk = new TextEncoder().encode("ab\ncd\n");
  bytes.begin(chunk);
  expect(bytes.of(record(0, 3))).toEqual({ bytes: chunk, base: 0 });
  expect(bytes.of(record(3, 6)).bytes).toBe(chunk);
});

test("a record over many chunks is put together, though their owner uses them again", () => {
  const bytes = createRecordBytes();
  const chunk = new Uint8Array(3);
  const begin = (text: string) => {
    new TextEncoder().encodeInto(text, chunk);
    bytes.begin(chunk);
  };
  begin("a\nb");
  expect(textOf(bytes.of(record(0, 2)), 0, 2)).toBe("a\n");
  bytes.keep(2);
  begin("cde");
  bytes.keep(2);
  begin("f\ng");
  expect(textOf(bytes.of(record(2, 8)), 2, 8)).toBe("bcdef\n");
  bytes.keep(8);
  bytes.begin(new Uint8Array(0));
  expect(textOf(bytes.of(record(8, 9)), 8, 9)).toBe("g");
});

test("a large record's memory is given back after it", () => {
  const bytes = createRecordBytes();
  const large = new Uint8Array(300_000).fill(0x61);
  bytes.begin(large);
  bytes.keep(0);
  bytes.begin(Uint8Array.of(0x0a, 0x62));
  expect(bytes.of(record(0, 300_001)).bytes.length).toBeGreaterThan(300_000);
  bytes.keep(300_001);
  bytes.begin(Uint8Array.of(0x63));
  const next = bytes.of(record(300_001, 300_003));
  expect(textOf(next, 300_001, 300_003)).toBe("bc");
  expect(next.bytes.length).toBeLessThan(65_537);
});
