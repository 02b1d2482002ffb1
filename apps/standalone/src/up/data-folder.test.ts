import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { checkDataFolder, openDataFolder } from "./data-folder.ts";

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "headgate-data-"));
  return () => rm(parent, { recursive: true });
});

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

test("the folder is made for its user only", async () => {
  const data = await openDataFolder(join(parent, "a", "b"));
  onTestFinished(() => data.release());
  for (const path of [data.path, data.redis, data.uploads, data.secrets])
    expect(await modeOf(path)).toBe(0o700);
});

test("a folder that others could enter is closed to them", async () => {
  const path = join(parent, "data");
  (await openDataFolder(path)).release();
  await chmod(path, 0o755);
  (await openDataFolder(path)).release();
  expect(await modeOf(path)).toBe(0o700);
});

test("a second opening is refused until the first is released", async () => {
  const path = join(parent, "data");
  const first = await openDataFolder(path);
  await expect(openDataFolder(path)).rejects.toMatchObject({
    code: "ERR_CONFIG",
    message: expect.stringContaining(`process ${process.pid}`),
  });
  first.release();
  (await openDataFolder(path)).release();
});

test("a check says the same beforehand, makes nothing and holds nothing", async () => {
  const path = join(parent, "data");
  await checkDataFolder(path);
  expect(await readdir(parent)).toEqual([]);
  const first = await openDataFolder(path);
  await expect(checkDataFolder(path)).rejects.toMatchObject({
    code: "ERR_CONFIG",
    message: expect.stringContaining(`process ${process.pid}`),
  });
  first.release();
  await checkDataFolder(path);
  (await openDataFolder(path)).release();
});

test("of many openings at once just one succeeds", async () => {
  const path = join(parent, "data");
  const opened = await Promise.allSettled(Array.from({ length: 8 }, () => openDataFolder(path)));
  const [first, ...more] = opened.filter(({ status }) => status === "fulfilled");
  if (first?.status === "fulfilled") first.value.release();
  expect(more).toEqual([]);
});

test("the lock of a killed process is gone with it", async () => {
  const path = join(parent, "data");
  const child = spawn(
    process.execPath,
    [
      "--conditions=@headgate/source",
      "--input-type=module",
      "--eval",
      `const { openDataFolder } = await import(${JSON.stringify(import.meta.resolve("./data-folder.ts"))});
       await openDataFolder(${JSON.stringify(path)});
       process.stdout.write("held");
       setInterval(() => {}, 1000);`,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const exited = once(child, "exit");
  await once(child.stdout, "data");
  await expect(openDataFolder(path)).rejects.toMatchObject({ code: "ERR_CONFIG" });
  child.kill("SIGKILL");
  await exited;
  (await openDataFolder(path)).release();
});

test("a folder with other things in it is refused, and left as it is", async () => {
  await writeFile(join(parent, "thesis.txt"), "…");
  await chmod(parent, 0o755);
  for (const refuse of [checkDataFolder, openDataFolder])
    await expect(refuse(parent)).rejects.toMatchObject({
      code: "ERR_CONFIG",
      message: expect.stringContaining(parent),
    });
  expect(await readdir(parent)).toEqual(["thesis.txt"]);
  expect(await modeOf(parent)).toBe(0o755);
});

test("a path that cannot be a folder is refused with the reason", async () => {
  const file = join(parent, "file");
  await writeFile(file, "");
  for (const path of [file, join(file, "below")])
    await expect(openDataFolder(path)).rejects.toMatchObject({
      code: "ERR_CONFIG",
      message: expect.stringMatching(/EEXIST|ENOTDIR/),
    });
});
