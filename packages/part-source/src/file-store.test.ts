import { execFileSync } from "node:child_process";
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SourceObject } from "@headgate/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { listAll, never, rangeOf, readAll, sample } from "./conformance/subject.ts";
import { createFileStore } from "./file-store.ts";

/** A folder with a root in it, and a secret beside the root. */
async function makeFolder(): Promise<{ readonly folder: string; readonly root: string }> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-file-store-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const root = join(folder, "root");
  await mkdir(root);
  await writeFile(join(folder, "secret.csv"), "secret");
  return { folder, root };
}

async function pinFile(root: string, name: string): Promise<SourceObject> {
  const [object] = await listAll(createFileStore({ roots: [root] }), {
    kind: "uri",
    uri: `file://${root}/${name}`,
  });
  if (object === undefined) throw new TypeError("nothing was listed");
  return object;
}

/** Files of a folder that this process holds open. */
async function openFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir("/proc/self/fd");
  const targets = await Promise.all(
    names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => "")),
  );
  return targets.filter((target) => target.startsWith(folder));
}

describe("the root", () => {
  test.each(["../secret.csv", "in/../../secret.csv", "./a.csv", "%2E%2E/secret.csv", "a%00.csv"])(
    "is not left by %s",
    async (path) => {
      const { root } = await makeFolder();
      for (const kind of ["uri", "prefix", "manifest"] as const) {
        const listing = listAll(createFileStore({ roots: [root] }), {
          kind,
          uri: `file://${root}/${path}`,
        });
        await expect(listing).rejects.toMatchObject({ code: "ERR_SOURCE_URI" });
      }
    },
  );

  test("does not tell whether a path outside exists", async () => {
    const { folder, root } = await makeFolder();
    for (const name of ["secret.csv", "nothing.csv", "root-beside"]) {
      const listing = listAll(createFileStore({ roots: [root] }), {
        kind: "uri",
        uri: `file://${folder}/${name}`,
      });
      await expect(listing).rejects.toMatchObject({ code: "ERR_SOURCE_URI" });
    }
  });

  test("is not left by links to files or folders", async () => {
    const { folder, root } = await makeFolder();
    await symlink(join(folder, "secret.csv"), join(root, "link.csv"));
    await symlink(folder, join(root, "up"));
    const store = createFileStore({ roots: [root] });
    for (const path of ["link.csv", "up/secret.csv", "up/", "up", ""]) {
      for (const kind of ["uri", "prefix"] as const) {
        await expect(listAll(store, { kind, uri: `file://${root}/${path}` })).rejects.toMatchObject(
          {
            code: "ERR_SOURCE_URI",
          },
        );
      }
    }
  });

  test("is not left at reading by a link put there after the listing", async () => {
    const { folder, root } = await makeFolder();
    await writeFile(join(root, "a.csv"), "secret");
    const object = await pinFile(root, "a.csv");
    await rm(join(root, "a.csv"));
    await symlink(join(folder, "secret.csv"), join(root, "a.csv"));
    await expect(readAll(createFileStore({ roots: [root] }), object)).rejects.toMatchObject({
      code: "ERR_SOURCE_URI",
    });
  });

  test("may be reached through a link, and links inside it lead to their files", async () => {
    const { folder, root } = await makeFolder();
    await writeFile(join(root, "a.csv"), "content");
    await symlink("a.csv", join(root, "b.csv"));
    await symlink(root, join(folder, "alias"));
    const store = createFileStore({ roots: [join(folder, "alias/")] });
    const objects = await listAll(store, { kind: "uri", uri: `file://${folder}/alias` });
    expect(objects.map((object) => object.uri)).toEqual([
      `file://${folder}/alias/a.csv`,
      `file://${folder}/alias/b.csv`,
    ]);
    for (const object of objects) expect((await readAll(store, object)).toString()).toBe("content");
    expect(objects.map((object) => object.realUri)).toEqual([
      undefined,
      `file://${folder}/alias/a.csv`,
    ]);
  });

  test("tells where files really lie that are reached through a linked folder", async () => {
    const { root } = await makeFolder();
    await mkdir(join(root, "theirs"));
    await writeFile(join(root, "theirs", "a.csv"), "content");
    await symlink("theirs", join(root, "mine"));
    for (const kind of ["uri", "prefix", "glob"] as const) {
      const uri = `file://${root}/mine/a.csv`;
      const objects = await listAll(createFileStore({ roots: [root] }), { kind, uri });
      expect(objects).toMatchObject([{ uri, realUri: `file://${root}/theirs/a.csv` }]);
    }
  });

  test("must be absolute", () => {
    expect(() => createFileStore({ roots: ["/srv", "data"] })).toThrow(
      expect.objectContaining({ code: "ERR_CONFIG", fields: { root: "data" } }),
    );
    expect(() => createFileStore({ roots: [] })).toThrow(
      expect.objectContaining({ code: "ERR_CONFIG" }),
    );
  });

  test("may be one of several, none of which opens another's surroundings", async () => {
    const { folder, root } = await makeFolder();
    const other = join(folder, "other");
    await mkdir(other);
    await writeFile(join(root, "a.csv"), "a");
    await writeFile(join(other, "b.csv"), "b");
    await symlink(join(other, "b.csv"), join(root, "across.csv"));
    const store = createFileStore({ roots: [root, other] });
    for (const [path, content] of [
      [join(root, "a.csv"), "a"],
      [join(other, "b.csv"), "b"],
    ] as const) {
      const [object] = await listAll(store, { kind: "uri", uri: `file://${path}` });
      if (object === undefined) throw new TypeError("nothing was listed");
      expect((await readAll(store, object)).toString()).toBe(content);
    }
    const listed = await listAll(store, { kind: "prefix", uri: `file://${other}/` });
    expect(listed).toHaveLength(1);
    for (const path of [folder, join(folder, "secret.csv"), join(root, "across.csv")])
      await expect(listAll(store, { kind: "prefix", uri: `file://${path}` })).rejects.toMatchObject(
        { code: "ERR_SOURCE_URI" },
      );
  });
});

describe("what is not a regular file", () => {
  test("a pipe is refused and never waited for", async () => {
    const { root } = await makeFolder();
    execFileSync("mkfifo", [join(root, "pipe.csv")]);
    const store = createFileStore({ roots: [root] });
    for (const kind of ["uri", "prefix"] as const) {
      const uri = `file://${root}/pipe.csv`;
      await expect(listAll(store, { kind, uri })).rejects.toMatchObject({
        code: "ERR_SOURCE_URI",
        fields: { uri },
      });
    }
  });

  test("a pipe put in a file's place after the listing fails the read", async () => {
    const { root } = await makeFolder();
    await writeFile(join(root, "a.csv"), "content");
    const object = await pinFile(root, "a.csv");
    await rm(join(root, "a.csv"));
    execFileSync("mkfifo", [join(root, "a.csv")]);
    await expect(readAll(createFileStore({ roots: [root] }), object)).rejects.toMatchObject({
      code: "ERR_SOURCE_CHANGED",
    });
  });

  test("a link to a folder or to nothing is refused, not passed over", async () => {
    const { root } = await makeFolder();
    await mkdir(join(root, "real"));
    await symlink("real", join(root, "folder-link"));
    const listing = listAll(createFileStore({ roots: [root] }), {
      kind: "uri",
      uri: `file://${root}`,
    });
    await expect(listing).rejects.toMatchObject({
      code: "ERR_SOURCE_URI",
      fields: { uri: `file://${root}/folder-link` },
    });
  });

  test("a file is not a folder", async () => {
    const { root } = await makeFolder();
    await writeFile(join(root, "a.csv"), "content");
    for (const path of ["a.csv/", "a.csv/b"]) {
      const listing = listAll(createFileStore({ roots: [root] }), {
        kind: "uri",
        uri: `file://${root}/${path}`,
      });
      await expect(listing).rejects.toMatchObject({ code: "ERR_SOURCE_NONE_MATCHED" });
    }
  });
});

describe("a file that changes", () => {
  const size = 600_000;
  const epoch = new Date(1_000_000_000_000);

  async function readWhile(change: (path: string) => Promise<void>): Promise<{
    readonly error: unknown;
    readonly seen: number;
  }> {
    const { root } = await makeFolder();
    const path = join(root, "a.csv");
    await writeFile(path, sample(size));
    await utimes(path, epoch, epoch);
    const object = await pinFile(root, "a.csv");
    let seen = 0;
    try {
      const chunks = createFileStore({ roots: [root] }).read(object, rangeOf(0, size), {
        signal: never(),
      });
      for await (const chunk of chunks) {
        if (seen === 0) await change(path);
        seen += chunk.byteLength;
      }
      return { error: undefined, seen };
    } catch (error) {
      return { error, seen };
    }
  }

  test.each<[string, (path: string) => Promise<void>]>([
    ["grows", (path) => appendFile(path, "more")],
    ["is rewritten in place", (path) => writeFile(path, sample(size, 2))],
    ["shrinks", (path) => truncate(path, 300_000)],
  ])("while it is read never looks whole: it %s", async (_, change) => {
    const { error, seen } = await readWhile(change);
    expect(error).toMatchObject({ code: "ERR_SOURCE_CHANGED" });
    expect(seen).toBeLessThan(size);
  });

  test("is read to its end when only its name goes to another file", async () => {
    const { error, seen } = await readWhile(async (path) => {
      await writeFile(`${path}.new`, "other");
      await rename(`${path}.new`, path);
    });
    expect({ error, seen }).toEqual({ error: undefined, seen: size });
  });

  test("is another one after it was replaced by a file of the same length and time", async () => {
    const { root } = await makeFolder();
    const path = join(root, "a.csv");
    for (const name of [path, `${path}.new`]) {
      await writeFile(name, "content");
      await utimes(name, epoch, epoch);
    }
    const object = await pinFile(root, "a.csv");
    await rename(`${path}.new`, path);
    await expect(readAll(createFileStore({ roots: [root] }), object)).rejects.toMatchObject({
      code: "ERR_SOURCE_CHANGED",
      fields: { uri: object.uri },
    });
  });
});

test("no file stays open after a read ends, fails or is left", async () => {
  const { root } = await makeFolder();
  await writeFile(join(root, "a.csv"), sample(600_000));
  const store = createFileStore({ roots: [root] });
  const object = await pinFile(root, "a.csv");
  await readAll(store, object);
  await expect(readAll(store, { ...object, pin: "other" })).rejects.toMatchObject({
    code: "ERR_SOURCE_CHANGED",
  });
  for await (const _ of store.read(object, rangeOf(0, 600_000), { signal: never() })) {
    expect(await openFiles(root)).toHaveLength(1);
    break;
  }
  expect(await openFiles(root)).toEqual([]);
});
