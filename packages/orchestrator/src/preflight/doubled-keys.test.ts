import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFindingsLog, type Findings } from "@headgate/core";
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import type { Scratch } from "../ports.ts";
import { findDoubledKeys } from "./doubled-keys.ts";
import { openScratchFile } from "./scratch-file.ts";

const { signal } = new AbortController();

async function folderOfTest(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "keys-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** What is found among the keys of these files, each key on a line of its own from 1 on. */
async function doubled(
  files: readonly Iterable<string>[],
  options: { readonly openScratch: () => Promise<Scratch>; readonly tableBytes?: number },
): Promise<Findings> {
  const keys = findDoubledKeys({ ...options, column: "id" });
  try {
    for (const [number, file] of files.entries()) {
      keys.beginSource(`file:///${number}`);
      let line = 0;
      for (const key of file) {
        keys.add(Buffer.from(key), ++line);
        if (line % 1000 === 0) await keys.flush();
      }
      await keys.flush();
    }
    const findings = createFindingsLog("warn");
    await keys.report(findings, signal);
    return findings.findings();
  } finally {
    await keys.dispose();
  }
}

const never = () => Promise.reject(new Error("scratch space was opened"));

function* numbers(from: number, to: number): Iterable<string> {
  for (let number = from; number < to; number++) yield `key-${number}`;
}

it("names each later occurrence with the first, over files, without disk for a small load", async () => {
  const found = await doubled(
    [
      ["a", "b", "a"],
      ["c", "b", "a"],
    ],
    { openScratch: never },
  );
  const first = (line: number) => ({ uri: "file:///0", line });
  const later = { rule: "key_doubled", column: "id" };
  expect(found).toEqual({
    policy: "warn",
    counts: { key_doubled: 3 },
    findings: [
      { ...later, uri: "file:///0", line: 3, first: first(1) },
      { ...later, uri: "file:///1", line: 2, first: first(2) },
      { ...later, uri: "file:///1", line: 3, first: first(1) },
    ],
  });
});

it("tells keys apart by every byte", async () => {
  const long = "x".repeat(5000);
  const keys = ["a", "A", "a ", "", "\u00e1", "a\u0301", long, `${long}y`, "a\0", "a\0\0"];
  expect((await doubled([keys], { openScratch: never })).counts).toEqual({});
  expect((await doubled([[...keys, `${long}y`]], { openScratch: never })).findings).toMatchObject([
    { line: 11, first: { line: 8 } },
  ]);
});

it("finds what was spilled to disk, and the same whatever the secret", async () => {
  const folder = await folderOfTest();
  const run = async (id: string) =>
    await doubled([numbers(0, 700_000), numbers(699_990, 1_000_000), numbers(0, 1200)], {
      openScratch: () => openScratchFile(folder, id),
    });
  const found = await run("one");
  expect(found.counts).toEqual({ key_doubled: 1210 });
  expect(found.findings).toHaveLength(1000);
  expect(found.findings[0]).toMatchObject({ uri: "file:///1", line: 1, first: { line: 699_991 } });
  expect(found.findings[999]).toMatchObject({ uri: "file:///2", line: 990, first: { line: 990 } });
  expect(await run("two")).toEqual(found);
}, 60_000);

it("spreads partitions that do not fit as often as it takes", async () => {
  const folder = await folderOfTest();
  const options = { openScratch: () => openScratchFile(folder, "one"), tableBytes: 28 * 16 };
  const files = [numbers(0, 20_000), numbers(5000, 5100), Array<string>(5000).fill("key-7")];
  const { counts, findings } = await doubled(files, options);
  expect(counts).toEqual({ key_doubled: 5100 });
  expect(findings.slice(99, 101)).toMatchObject([
    { uri: "file:///1", line: 100, first: { uri: "file:///0", line: 5100 } },
    { uri: "file:///2", line: 1, first: { uri: "file:///0", line: 8 } },
  ]);
}, 60_000);

it("agrees with a set of the keys, however small the table", async () => {
  const files = fc.array(
    fc.array(fc.string({ unit: fc.constantFrom("a", "b", "é"), maxLength: 3 })),
  );
  const slots = fc.constantFrom(2, 4, 8, 1024);
  await fc.assert(
    fc.asyncProperty(files, slots, async (keys, size) => {
      const firsts = new Map<string, object>();
      const expected = keys.flatMap((file, number) =>
        file.flatMap((key, index) => {
          const place = { uri: `file:///${number}`, line: index + 1 };
          const first = firsts.get(key);
          if (first === undefined) firsts.set(key, place);
          return first === undefined
            ? []
            : [{ rule: "key_doubled", ...place, column: "id", first }];
        }),
      );
      const options = { openScratch: never, tableBytes: size * 28 };
      expect((await doubled(keys, options)).findings).toEqual(expected);
    }),
  );
});

it("leaves nothing of the keys on disk", async () => {
  const folder = await folderOfTest();
  const written: Uint8Array[] = [];
  const openScratch = async (): Promise<Scratch> => {
    const scratch = await openScratchFile(folder, "one");
    return {
      ...scratch,
      append: async (partition, bytes) => {
        written.push(bytes.slice());
        await scratch.append(partition, bytes);
      },
    };
  };
  const rows = Array.from({ length: 3000 }, () => "canary");
  await doubled([rows], { openScratch });
  expect(written.length).toBeGreaterThan(0);
  expect(Buffer.concat(written).includes("canary")).toBe(false);
});

it("gives scratch space back where the search is broken off", async () => {
  const folder = await folderOfTest();
  let disposed = 0;
  const openScratch = async (): Promise<Scratch> => {
    const scratch = await openScratchFile(folder, "one");
    return {
      ...scratch,
      async dispose() {
        await scratch.dispose();
        disposed++;
      },
    };
  };
  const keys = findDoubledKeys({ openScratch, column: "id" });
  keys.beginSource("file:///0");
  for (let line = 1; line <= 3000; line++) keys.add(Buffer.from("a"), line);
  await keys.flush();
  const reason = new Error("enough");
  const report = keys.report(createFindingsLog("warn"), AbortSignal.abort(reason));
  await expect(report).rejects.toBe(reason);
  await keys.dispose();
  expect(disposed).toBe(1);
});

it("passes on that scratch space cannot be opened", async () => {
  const refuse = () => Promise.reject(new Error("no room"));
  const keys = findDoubledKeys({ openScratch: refuse, column: "id" });
  keys.beginSource("file:///0");
  for (let line = 1; line <= 3000; line++) keys.add(Buffer.from("a"), line);
  await expect(keys.flush()).rejects.toThrow("no room");
  await keys.dispose();
});
