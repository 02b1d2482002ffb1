/** Loads of files that are compressed, in other encodings and with other delimiters. */
import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { bytes, delimiters, encodings } from "@headgate/core";
import type { LoadRequestInput } from "@headgate/orchestrator";
import { afterEach, describe, expect, it } from "vitest";
import { csv, orders, ordersCsv, rowsOf, schema } from "../flow/csv.ts";
import { recordsHash } from "../flow/records-hash.ts";
import { type Rig, startRig } from "../flow/rig.ts";
import { recordsOf, type StoredFormat, store } from "./stored-tables.ts";

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

type Format = NonNullable<LoadRequestInput["format"]>;

const combinations: readonly StoredFormat[] = (["none", "gzip", "zstd"] as const).flatMap(
  (compression) =>
    encodings.flatMap((encoding) =>
      delimiters.map((delimiter) => ({ compression, encoding, delimiter })),
    ),
);

/** Records with the characters that each format treats in its own way. */
function tableOf(first: number): readonly (readonly string[])[] {
  const notes = ['a "quoted" word', "a;b,c\td|e", "two\nlines", "größer", "", "plain"];
  const records = notes.map((note, index) => [`k${first + index}`, note]);
  return [["id", "note"], ...records];
}

it("brings every record once, whatever the format", async () => {
  rig = await startRig({ schemas: { crm: schema }, workers: 2 });
  const found: string[][] = [];
  const loadIds: string[] = [];
  for (const [index, format] of combinations.entries()) {
    const stored = store(tableOf(index * 100), format);
    found.push(...recordsOf(stored, format));
    const uri = await rig.put(`formats/${index}`, stored);
    loadIds.push((await rig.enqueue({ ...orders, source: { uri }, format })).id);
  }
  for (const id of loadIds)
    expect(await rig.ended(id)).toMatchObject({ state: "complete", records: { settled: 6 } });

  expect(found).toHaveLength(combinations.length * 6);
  expect((await rig.emulator.control.state()).objects).toMatchObject([
    {
      rowsReceived: found.length,
      keysHeld: found.length,
      rowsReceivedTwice: 0,
      hash: recordsHash(found),
    },
  ]);
});

it("brings more than a thousand small compressed files in one part", async () => {
  rig = await startRig({ schemas: { crm: schema }, workers: 2 });
  const rows = rowsOf(1200);
  const { put } = rig;
  const puts = rows.map(async (row, index) => {
    const name = `small/${String(index).padStart(4, "0")}.csv.gz`;
    await put(name, gzipSync(ordersCsv([row])));
  });
  await Promise.all(puts);
  const source = { prefix: "s3://exports/small/" };
  const ended = await rig.ended((await rig.enqueue({ ...orders, source })).id);
  expect(ended).toMatchObject({
    state: "complete",
    sourceObjects: rows.length,
    parts: { settled: 1 },
    bulkJobs: [{ uploadedFiles: 1 }],
  });
  expect((await rig.emulator.control.state()).objects).toMatchObject([
    { rowsReceived: rows.length, rowsReceivedTwice: 0, hash: recordsHash(rows) },
  ]);
}, 120_000);

it("sends a part of a large compressed file again after its upload broke half-way", async () => {
  rig = await startRig({
    schemas: { crm: schema },
    steps: { maxPartBytes: bytes(15_000_000) },
  });
  const large = largeFile(40_000_000);
  rig.emulator.control.addFaults({
    kind: "cut",
    route: "upload",
    skip: 1,
    afterBytes: 7_000_000,
  });
  const uri = await rig.put("large.csv.gz", large.stored);
  const ended = await rig.ended((await rig.enqueue({ ...orders, source: { uri } })).id);
  expect(ended.reason).toBeUndefined();
  expect(ended).toMatchObject({
    state: "complete",
    records: { settled: large.records },
    parts: { settled: 3 },
  });
  const { objects, bulkJobs } = await rig.emulator.control.state();
  expect(bulkJobs).toHaveLength(1);
  expect(objects).toMatchObject([
    { rowsReceived: large.records, rowsReceivedTwice: 0, hash: large.hash },
  ]);
}, 120_000);

/** A gzip file of many members that expands to at least so many bytes. */
function largeFile(leastBytes: number) {
  const members: Buffer[] = [gzipSync("id,note\r\n")];
  let hash = 0n;
  let records = 0;
  for (let expanded = 0; expanded < leastBytes; ) {
    const rows = Array.from({ length: 5000 }, (_, index) => largeRow(records + index));
    const text = csv(rows);
    members.push(gzipSync(text, { level: 1 }));
    hash += BigInt(`0x${recordsHash(rows)}`);
    expanded += text.length;
    records += rows.length;
  }
  const stored = Buffer.concat(members);
  return { stored, records, hash: (hash % 2n ** 64n).toString(16).padStart(16, "0") };
}

/** 2 KB that no compression makes small altogether. */
function largeRow(number: number): readonly string[] {
  const seed = createHash("sha256").update(`${number}`).digest("hex");
  return [`k${number}`, `${seed}\n${"words that come again, ".repeat(84)}`];
}

describe("a file that is not what its format says", () => {
  const content = ordersCsv(rowsOf(100));
  const compressed = gzipSync(content);
  const cases: readonly (readonly [string, string, Buffer, Format, string])[] = [
    ["plain text under .gz", "a.csv.gz", Buffer.from(content), {}, "gzip"],
    ["gzip without .gz", "a.csv", compressed, {}, 'format.compression to "gzip"'],
    ["cut short", "a.csv.gz", compressed.subarray(0, -9), {}, "ends in the middle"],
    [
      "with bytes after its end",
      "a.csv.gz",
      Buffer.concat([compressed, Buffer.from("more")]),
      {},
      "bytes after its end",
    ],
    [
      "UTF-16 without a byte order mark",
      "a.csv",
      Buffer.from(content, "utf16le"),
      { encoding: "utf-16" },
      "byte order mark",
    ],
    [
      "with a quote out of place",
      "a.csv",
      Buffer.from('id;note\n1;secret"word\n'),
      { delimiter: ";" },
      "line 2",
    ],
    [
      "a bomb",
      "a.csv.zst",
      zstdCompressSync(Buffer.alloc(90_000_000, "\n")),
      {},
      "expands to more",
    ],
  ];

  it.each(cases)("is refused before a slot: %s", async (_, key, body, format, says) => {
    rig = await startRig({ schemas: { crm: schema } });
    const uri = await rig.put(key, body);
    const ended = await rig.ended((await rig.enqueue({ ...orders, source: { uri }, format })).id);
    expect(ended).toMatchObject({ state: "failed", reason: { code: "source_format" } });
    expect(ended.reason?.message).toContain(uri);
    expect(ended.reason?.message).toContain(says);
    expect(ended.reason?.message).not.toContain("secret");
    expect((await rig.emulator.control.state()).bulkJobs).toEqual([]);
    expect(rig.emulator.control.requests().some(({ kind }) => kind === "create")).toBe(false);
  });
});
