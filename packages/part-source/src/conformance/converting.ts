/** Reading through a conversion: whole, by ranges, and in order at the cost of one pass. */
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { SourceFormat, SourceObject } from "@headgate/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { createPartSource, type PartSource } from "../part-source.ts";
import { openBody } from "../rewindable-body.ts";
import type { SourceStore } from "../source-store.ts";
import {
  collect,
  never,
  type OpenSubject,
  openFor,
  rangeOf,
  type StoreSubject,
} from "./subject.ts";

/** Some 380 KB in rows that differ, so that many chunks come out of every stage. */
const rows = Array.from({ length: 20_000 }, (_, row) => `${row};"ä,${row * 7}";${row % 13}\n`);
const stored = `id;name;n\n${rows.join("")}`;
const csv = Buffer.from(stored.replaceAll(";", ","));

const formats = [
  ["gzip by name", "f/a.csv.gz", {}, gzipSync(csv)],
  ["zstd by name", "f/a.csv.zst", {}, zstdCompressSync(csv)],
  ["UTF-16", "f/a.csv", { encoding: "utf-16le" }, Buffer.from(csv.toString(), "utf16le")],
  ["semicolons", "f/a.csv", { delimiter: ";" }, Buffer.from(stored)],
  [
    "all at once",
    "f/a",
    { compression: "gzip", encoding: "utf-16", delimiter: ";" },
    gzipSync(Buffer.from(`\uFEFF${stored}`, "utf16le")),
  ],
] as const satisfies readonly (readonly [string, string, SourceFormat, Buffer])[];

export function describeConverting(subject: StoreSubject): void {
  describe("converting", () => {
    test.each(formats)("reads %s whole and by ranges", async (_, key, format, content) => {
      const { source, object } = await pinConverted(subject, { key, format, content });
      const whole = await collect(source.readWhole(object, { signal: never() }));
      expect(Buffer.concat(whole).equals(csv)).toBe(true);
      for (const [from, to] of [
        [0, 1],
        [csv.length - 5, csv.length],
        [100_000, 300_000],
        [300_000, 300_100],
        [50, 50],
      ] as const) {
        const seen = await collect(source.read(object, rangeOf(from, to), { signal: never() }));
        expect(Buffer.concat(seen).equals(csv.subarray(from, to))).toBe(true);
      }
    });

    test.each(formats)(
      "reads part after part of %s in one pass",
      async (_, key, format, content) => {
        const { source, object, reads } = await pinConverted(subject, { key, format, content });
        const borders = [10, 90_000, 90_001, 250_000, 350_000, csv.length];
        for (const [index, to] of borders.entries()) {
          const from = borders[index - 1] ?? 0;
          const piece = { kind: "range", object, range: rangeOf(from, to) } as const;
          const seen = await collect(openBody([piece], source).open(never()));
          expect(Buffer.concat(seen).equals(csv.subarray(from, to))).toBe(true);
        }
        const passes = reads.filter(({ from, to }) => from === 0 && to === object.bytes);
        expect(passes).toHaveLength(1);
      },
    );

    test("gives pinned bytes or none after the object was replaced", async () => {
      const [, key, format, content] = formats[4];
      const { source, object, open } = await pinConverted(subject, { key, format, content });
      await collect(source.read(object, rangeOf(0, 1_000), { signal: never() }));
      await open.put(key, Buffer.concat([content, content]));
      const changed = { code: "ERR_SOURCE_CHANGED", fields: { uri: object.uri } };
      // What was read before the change may still be in the stages of the conversion.
      const rest = collect(source.read(object, rangeOf(1_000, csv.length), { signal: never() }));
      await rest.then(
        (seen) => expect(Buffer.concat(seen).equals(csv.subarray(1_000))).toBe(true),
        (error) => expect(error).toMatchObject(changed),
      );
      const again = collect(source.read(object, rangeOf(0, 1_000), { signal: never() }));
      await expect(again).rejects.toMatchObject(changed);
    });

    test("names the object that is compressed though it is not to be", async () => {
      const [, , , content] = formats[0];
      const { source, object } = await pinConverted(subject, {
        key: "f/b.csv",
        format: {},
        content,
      });
      expect(object.conversion).toBeUndefined();
      await expect(collect(source.readWhole(object, { signal: never() }))).rejects.toMatchObject({
        code: "ERR_SOURCE_FORMAT",
        fields: { uri: object.uri },
      });
    });
  });
}

interface Read {
  readonly from: number;
  readonly to: number;
}

/** A source over the subject's store, that object in it, and the ranges that are read of the store. */
async function pinConverted(
  subject: StoreSubject,
  {
    key,
    format,
    content,
  }: { readonly key: string; readonly format: SourceFormat; readonly content: Uint8Array },
): Promise<{
  readonly source: PartSource;
  readonly object: SourceObject;
  readonly reads: readonly Read[];
  readonly open: OpenSubject;
}> {
  const open = await openFor(subject, 50_000);
  await open.put(key, content);
  const reads: Read[] = [];
  const store: SourceStore = {
    list: open.store.list,
    read(object, range, options) {
      reads.push(range);
      return open.store.read(object, range, options);
    },
  };
  const source = createPartSource({ s3: store, files: store });
  onTestFinished(() => source.close());
  const selection = { kind: "keys", uris: [open.uriOf(key)] } as const;
  const [object] = await collect(source.list(selection, { signal: never(), format }));
  if (object === undefined) throw new TypeError(`no object of key ${key}`);
  return { source, object, reads, open };
}
