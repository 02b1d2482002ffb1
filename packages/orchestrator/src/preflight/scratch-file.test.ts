import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { Scratch } from "../ports.ts";
import { openScratchFile } from "./scratch-file.ts";

const { signal } = new AbortController();

async function folderOfTest(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "scratch-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function textOf(scratch: Scratch, partition: string, until = signal): Promise<string> {
  let text = "";
  for await (const bytes of scratch.read(partition, { signal: until })) text += Buffer.from(bytes);
  return text;
}

it("gives back each partition's bytes in order, and nothing for one without", async () => {
  const scratch = await openScratchFile(await folderOfTest(), "a");
  onTestFinished(() => scratch.dispose());
  for (let number = 0; number < 1000; number++)
    await scratch.append(`p-${number % 3}`, Buffer.from(`${number};`));
  for (const partition of [0, 1, 2]) {
    let text = "";
    for await (const bytes of scratch.read(`p-${partition}`, { signal }))
      text += Buffer.from(bytes);
    const numbers = text.split(";").slice(0, -1).map(Number);
    expect(numbers).toEqual(
      Array.from({ length: 1000 }, (_, index) => index).filter((n) => n % 3 === partition),
    );
  }
  expect(await textOf(scratch, "p-3")).toBe("");
});

it("makes its folder, and leaves no name in it even while it is open", async () => {
  const folder = join(await folderOfTest(), "deep", "er");
  const scratch = await openScratchFile(folder, "a");
  await scratch.append("p", Buffer.alloc(100_000));
  expect(await readdir(folder)).toEqual([]);
  await scratch.dispose();
  expect(await readdir(folder)).toEqual([]);
});

it("says which folder cannot be used, and why", async () => {
  const file = join(await folderOfTest(), "file");
  await writeFile(file, "");
  await expect(openScratchFile(file, "a")).rejects.toMatchObject({
    code: "ERR_SCRATCH",
    fields: { folder: file, bytes: 0, cause: "EEXIST" },
  });
});

it("says how much was written when no more can be", async () => {
  const folder = await folderOfTest();
  const scratch = await openScratchFile(folder, "a");
  await scratch.append("p", Buffer.alloc(7));
  await scratch.dispose();
  await expect(scratch.append("p", Buffer.alloc(1))).rejects.toMatchObject({
    code: "ERR_SCRATCH",
    fields: { folder, bytes: 7, cause: "EBADF" },
  });
});

it("ends a read when it is aborted", async () => {
  const scratch = await openScratchFile(await folderOfTest(), "a");
  onTestFinished(() => scratch.dispose());
  await scratch.append("p", Buffer.from("x"));
  const reason = new Error("enough");
  await expect(textOf(scratch, "p", AbortSignal.abort(reason))).rejects.toBe(reason);
});
