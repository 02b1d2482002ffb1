import { mkdir, mkdtemp, open, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseUri } from "@headgate/core";
import { expect, onTestFinished, test } from "vitest";
import { checkOpened, openFile } from "./file-place.ts";

/** A root with `in/a.csv`, and `out/a.csv` beside the root. */
async function makeFolders(): Promise<{ readonly folder: string; readonly root: string }> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-file-place-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const root = join(folder, "root");
  for (const [place, text] of [
    [join(root, "in"), "inside"],
    [join(folder, "out"), "secret"],
  ] as const) {
    await mkdir(place, { recursive: true });
    await writeFile(join(place, "a.csv"), text);
  }
  return { folder, root };
}

test("a file that was opened outside the root is refused, whatever its path said", async () => {
  const { folder, root } = await makeFolders();
  const address = parseUri(`file://${root}/in/a.csv`, "file");
  const [inside, outside] = [
    await open(join(root, "in/a.csv")),
    await open(join(folder, "out/a.csv")),
  ];
  onTestFinished(async () => void (await Promise.all([inside.close(), outside.close()])));
  await checkOpened(root, address, inside);
  await expect(checkOpened(root, address, outside)).rejects.toMatchObject({
    code: "ERR_SOURCE_URI",
  });
});

test("a folder that is swapped for a link out of the root, again and again, never opens the other", async () => {
  const { folder, root } = await makeFolders();
  await symlink(join(folder, "out"), join(root, "link"));
  const swap = async (): Promise<void> => {
    await rename(join(root, "in"), join(root, "aside"));
    await rename(join(root, "link"), join(root, "in"));
    await rename(join(root, "in"), join(root, "link"));
    await rename(join(root, "aside"), join(root, "in"));
  };
  const read = async (): Promise<string> => {
    const handle = await openFile(root, parseUri(`file://${root}/in/a.csv`, "file"));
    return await handle.readFile("utf8").finally(() => handle.close());
  };
  for (let i = 0; i < 300; i++) {
    const [seen] = await Promise.all([
      read().catch((error: unknown) => String(Reflect.get(Object(error), "code"))),
      swap(),
    ]);
    expect(["inside", "ENOENT", "ELOOP", "ERR_SOURCE_URI"]).toContain(seen);
  }
  expect(await read()).toBe("inside");
});
