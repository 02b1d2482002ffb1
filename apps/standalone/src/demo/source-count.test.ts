import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { Operation } from "@headgate/core";
import { expect, test } from "vitest";
import { countSources } from "./source-count.ts";

const { signal } = new AbortController();

function original(operation: Operation, csv: string, chunkBytes = 1_000) {
  const bytes = Buffer.from(csv);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes)
    chunks.push(bytes.subarray(at, at + chunkBytes));
  return { operation, open: () => Readable.from(chunks) };
}

function hashOf(...records: readonly (readonly string[])[]): string {
  let sum = 0n;
  for (const record of records)
    sum += BigInt(
      `0x${createHash("sha256").update(JSON.stringify(record)).digest("hex").slice(0, 16)}`,
    );
  return (sum % 2n ** 64n).toString(16).padStart(16, "0");
}

// A chunk of 1 to 7 bytes cuts quotes, line ends and characters of several bytes in two.
test.each([1, 2, 3, 7, 1000])(
  "quoted line ends, commas and doubled quotes stay in their field, in chunks of %i bytes",
  async (chunkBytes) => {
    const csv =
      'id,note\r\na,"line one\nline ""two"",\r\nthree"\r\nb,"éß闸门🌊"\r\n\r\nc,"""\n"\r\nd,\r\n';
    const originals = [original("upsert", csv, chunkBytes)];
    expect(await countSources({ key: "id", originals }, signal)).toMatchObject({
      rowsReceived: 4,
      keysHeld: 4,
      hash: hashOf(
        ["a", 'line one\nline "two",\r\nthree'],
        ["b", "éß闸门🌊"],
        ["c", '"\n'],
        ["d", ""],
      ),
    });
  },
);

test("a later delete takes its keys away and is counted by itself", async () => {
  const originals = [
    original("upsert", "name,id\nx,1\ny,2\nz,3\n"),
    original("delete", "id\n3\n1\n"),
  ];
  expect(await countSources({ key: "id", originals }, signal)).toEqual({
    rowsReceived: 3,
    hash: hashOf(["x", "1"], ["y", "2"], ["z", "3"]),
    rowsDeleted: 2,
    deletedHash: hashOf(["3"], ["1"]),
    rowsReceivedTwice: 0,
    rowsReplaced: 0,
    keysHeld: 1,
    heldHash: hashOf(["y", "2"]),
  });
});

test("a key that comes again is doubled where the record is the same, else replaced", async () => {
  const originals = [original("upsert", "id,n\n1,a\n1,a\n1,b\n")];
  expect(await countSources({ key: "id", originals }, signal)).toMatchObject({
    rowsReceived: 3,
    rowsReceivedTwice: 1,
    rowsReplaced: 1,
    keysHeld: 1,
    heldHash: hashOf(["1", "b"]),
  });
});

test("a quote that is never closed is an error, not a short count", async () => {
  const originals = [original("upsert", 'id,n\n1,"a\n2,b\n')];
  await expect(countSources({ key: "id", originals }, signal)).rejects.toThrow("MissingQuotes");
});

test("an abort ends the count", async () => {
  const stop = new AbortController();
  let reads = 0;
  const endless = new Readable({
    read() {
      this.push(Buffer.from(reads === 0 ? "id\n" : `${reads}\n`));
      reads += 1;
      if (reads === 1000) stop.abort();
    },
  });
  const originals = [{ operation: "upsert" as const, open: () => endless }];
  await expect(countSources({ key: "id", originals }, stop.signal)).rejects.toMatchObject({
    name: "AbortError",
  });
});
