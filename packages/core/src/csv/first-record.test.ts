import { describe, expect, test } from "vitest";
import { createFirstRecord, maxHeaderBytes } from "./first-record.ts";

const at = (start: number, end: number) => {
  return { start, end, line: 1, fields: 1, lineEnd: "\n" } as const;
};

describe("the first record's bytes", () => {
  test("are put together from all chunks that hold some", () => {
    const first = createFirstRecord();
    for (const chunk of [[10, 97], [], [98], [99, 10, 100]]) {
      first.keep(Uint8Array.from(chunk));
    }
    expect(first.bytesOf(at(1, 5))).toEqual(Uint8Array.of(97, 98, 99, 10));
  });

  test("are kept though the chunk's owner uses it again, a Buffer too", () => {
    const first = createFirstRecord();
    const chunk = Buffer.from("a\n");
    first.keep(chunk);
    chunk.fill(0x22);
    expect(first.bytesOf(at(0, 2))).toEqual(Uint8Array.of(97, 10));
  });

  test("are found after blank lines that were let go", () => {
    const first = createFirstRecord();
    first.keep(Uint8Array.of(10, 10));
    first.trim(2);
    first.keep(Uint8Array.of(10, 97));
    first.trim(3);
    first.keep(Uint8Array.of(10));
    expect(first.bytesOf(at(3, 5))).toEqual(Uint8Array.of(97, 10));
    expect(first.bytesOf(at(0, 1))).toBeUndefined();
  });

  test("are let go once there are more than a header may have, and no sooner", () => {
    const blankLines = 3;
    const first = createFirstRecord();
    first.keep(new Uint8Array(blankLines + maxHeaderBytes));
    first.trim(blankLines);
    const header = at(blankLines, blankLines + maxHeaderBytes);
    expect(first.bytesOf(header)?.length).toBe(maxHeaderBytes);
    first.keep(new Uint8Array(1));
    first.trim(blankLines);
    expect(first.bytesOf(header)).toBeUndefined();
  });

  test("are not those of chunks after it", () => {
    const first = createFirstRecord();
    for (const byte of [97, 10, 98, 99]) first.keep(Uint8Array.of(byte));
    expect(first.bytesOf(at(0, 2))).toEqual(Uint8Array.of(97, 10));
  });

  test("are not given for a record longer than a header may be", () => {
    const first = createFirstRecord();
    first.keep(new Uint8Array(maxHeaderBytes + 1));
    expect(first.bytesOf(at(0, maxHeaderBytes))?.length).toBe(maxHeaderBytes);
    expect(first.bytesOf(at(0, maxHeaderBytes + 1))).toBeUndefined();
  });
});
