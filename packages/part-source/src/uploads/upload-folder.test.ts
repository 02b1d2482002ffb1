import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { listAll, readAll, sample } from "../conformance/subject.ts";
import { createFileStore } from "../file-store.ts";
import { createUploadFolder, type UploadFolder } from "./upload-folder.ts";

const dayMs = 86_400_000;

async function openFolder(maxBytes = 1_000_000) {
  const parent = await mkdtemp(join(tmpdir(), "headgate-uploads-"));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  const folder = join(parent, "uploads");
  return { folder, uploads: createUploadFolder({ folder, maxBytes }) };
}

/** Paths of all files below the folder. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

async function* chunksOf(content: Buffer, size = 1000): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

function receive(uploads: UploadFolder, content: Buffer, client = "erp", name?: string) {
  return uploads.receive({ client, name, body: chunksOf(content) });
}

describe("a file that is received", () => {
  test("can be loaded by its URI, from the client's own place, and is the owner's alone", async () => {
    const { folder, uploads } = await openFolder();
    const content = sample(12_345);
    const stored = await receive(uploads, content, "erp", "orders 1.csv.gz");
    expect(stored).toEqual({
      uri: expect.stringMatching(/\/erp\/[0-9a-f]{32}-orders-1\.csv\.gz$/),
      bytes: content.length,
      sha256: createHash("sha256").update(content).digest("hex"),
    });
    expect(stored.uri.startsWith(uploads.placeOf("erp"))).toBe(true);
    const store = createFileStore({ roots: [folder] });
    const [object] = await listAll(store, { kind: "uri", uri: stored.uri });
    if (object === undefined) throw new TypeError("nothing was listed");
    expect((await readAll(store, object)).equals(content)).toBe(true);
    const [path = ""] = await filesIn(folder);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, "erp"))).mode & 0o777).toBe(0o700);
  });

  test("may have no bytes, and the same name as another", async () => {
    const { folder, uploads } = await openFolder();
    const one = await receive(uploads, Buffer.alloc(0), "erp", "a.csv");
    const two = await receive(uploads, Buffer.from("x"), "erp", "a.csv");
    expect([one.bytes, two.bytes]).toEqual([0, 1]);
    expect(await filesIn(folder)).toHaveLength(2);
  });

  test.each([
    "../../etc/passwd",
    "..",
    ".hidden",
    "a/b\\c",
    "nul\0l",
    "%2e%2e%2f",
    "é*?[x]{y}.gz",
    "x".repeat(5000),
  ])("stays in its place whatever its name: %j", async (name) => {
    const { folder, uploads } = await openFolder();
    const { uri } = await receive(uploads, Buffer.from("x"), "erp", name);
    const [path = "", ...others] = await filesIn(folder);
    expect(others).toEqual([]);
    expect(uri).toBe(`file://${path}`);
    expect(path.slice(join(folder, "erp/").length)).toMatch(/^[0-9a-f]{32}-[A-Za-z0-9._-]{1,100}$/);
  });

  test.each(["", "..", "a/b", ".incoming", "Erp", "x".repeat(33)])(
    "is refused from a client named %j",
    async (client) => {
      const { folder, uploads } = await openFolder();
      await expect(receive(uploads, Buffer.from("x"), client)).rejects.toMatchObject({
        code: "ERR_REQUEST_INVALID",
      });
      expect(() => uploads.placeOf(client)).toThrow();
      expect(await filesIn(folder)).toEqual([]);
    },
  );

  test("may have exactly as many bytes as allowed, and leaves nothing with one more", async () => {
    const { folder, uploads } = await openFolder(5000);
    expect((await receive(uploads, sample(5000))).bytes).toBe(5000);
    await expect(receive(uploads, sample(5001))).rejects.toMatchObject({
      code: "ERR_UPLOAD_TOO_LARGE",
      fields: { bytesSeen: 5001, bytesAllowed: 5000 },
    });
    expect(await filesIn(folder)).toHaveLength(1);
  });

  test("leaves nothing where its body breaks, and that error comes through", async () => {
    const { folder, uploads } = await openFolder();
    const broken = Object.assign(new Error("reset"), { code: "ECONNRESET", syscall: "read" });
    async function* body() {
      yield sample(100);
      throw broken;
    }
    await expect(uploads.receive({ client: "erp", body: body() })).rejects.toBe(broken);
    expect(await filesIn(folder)).toEqual([]);
  });

  test("leaves nothing where the signal fires, before or on the way", async () => {
    const { folder, uploads } = await openFolder();
    const reason = new Error("stopped");
    const fired = AbortSignal.abort(reason);
    const stopped = uploads.receive({ client: "erp", body: chunksOf(sample(10)), signal: fired });
    await expect(stopped).rejects.toBe(reason);
    const control = new AbortController();
    const body = new Readable({ read() {} });
    body.push(sample(100));
    const receiving = uploads.receive({ client: "erp", body, signal: control.signal });
    const failure = expect(receiving).rejects.toBe(reason);
    control.abort(reason);
    await failure;
    expect(await filesIn(folder)).toEqual([]);
    if (!body.closed) await once(body, "close");
    expect(body.destroyed).toBe(true);
  });

  test.skipIf(process.getuid?.() === 0)(
    "is refused clearly where the folder cannot be written",
    async () => {
      const { folder, uploads } = await openFolder();
      await receive(uploads, Buffer.from("x"));
      await chmod(join(folder, ".incoming"), 0o500);
      await expect(receive(uploads, Buffer.from("x"))).rejects.toMatchObject({
        code: "ERR_UPLOAD_FAILED",
        fields: { client: "erp", reason: "EACCES" },
      });
    },
  );

  test("is refused clearly where the disk does not take it", async () => {
    const { folder } = await openFolder();
    await writeFile(folder, "a file where the folder should be");
    const uploads = createUploadFolder({ folder, maxBytes: 10 });
    await expect(receive(uploads, Buffer.from("x"))).rejects.toMatchObject({
      code: "ERR_UPLOAD_FAILED",
      fields: { client: "erp", reason: expect.stringMatching(/^E/) },
    });
    expect(await readFile(folder, "utf8")).toMatch(/^a file/);
  });
});

describe("removing", () => {
  test("takes the file, and is content where it is gone", async () => {
    const { folder, uploads } = await openFolder();
    const { uri } = await receive(uploads, Buffer.from("x"));
    await uploads.remove(uri);
    await uploads.remove(uri);
    expect(await filesIn(folder)).toEqual([]);
  });

  test("touches nothing outside the place of uploads", async () => {
    const { folder, uploads } = await openFolder();
    const { uri } = await receive(uploads, Buffer.from("x"));
    await writeFile(join(folder, "own"), "x");
    for (const other of [
      `file://${folder}/own`,
      `file://${folder}/erp`,
      `file://${folder}/../own`,
      `${uri}/..%2f..%2fown`,
      uri.replace("/erp/", "/erp/../erp/"),
      "file:///etc/passwd",
      "s3://bucket/key",
    ])
      await expect(uploads.remove(other)).rejects.toMatchObject({ code: "ERR_SOURCE_URI" });
    expect(await filesIn(folder)).toHaveLength(2);
  });
});

describe("sweeping", () => {
  const unused = { olderThanMs: 7 * dayMs, inUse: () => false };

  test("finds nothing in a folder that was never used", async () => {
    const { uploads } = await openFolder();
    expect(await uploads.sweep({ ...unused, nowMs: Date.now() })).toEqual([]);
  });

  test("removes what is old enough", async () => {
    const { folder, uploads } = await openFolder();
    const { uri } = await receive(uploads, Buffer.from("x"));
    expect(await uploads.sweep({ ...unused, nowMs: Date.now() + 6 * dayMs })).toEqual([]);
    expect(await uploads.sweep({ ...unused, nowMs: Date.now() + 8 * dayMs })).toEqual([uri]);
    expect(await filesIn(folder)).toEqual([]);
  });

  test("keeps what is in use, and counts its days from then, the pin unchanged", async () => {
    const { folder, uploads } = await openFolder();
    const { uri } = await receive(uploads, Buffer.from("x"));
    const [path = ""] = await filesIn(folder);
    const before = await stat(path, { bigint: true });
    const nowMs = Date.now() + 100 * dayMs;
    const sweep = () => uploads.sweep({ ...unused, inUse: (one) => one === uri, nowMs });
    // The kernel's clock of files may stand still for some milliseconds.
    await expect
      .poll(async () => {
        expect(await sweep()).toEqual([]);
        return (await stat(path, { bigint: true })).ctimeNs;
      })
      .toBeGreaterThan(before.ctimeNs);
    expect((await stat(path, { bigint: true })).mtimeNs).toBe(before.mtimeNs);
  });

  test("goes on where sweeps of other workers were faster", async () => {
    const { folder, uploads } = await openFolder();
    for (let n = 0; n < 50; n++) await receive(uploads, Buffer.from("x"));
    const nowMs = Date.now() + 8 * dayMs;
    const swept = await Promise.all([1, 2, 3].map(() => uploads.sweep({ ...unused, nowMs })));
    expect(new Set(swept.flat()).size).toBe(50);
    expect(await filesIn(folder)).toEqual([]);
  });

  test("removes what a crash left half-received, after a day", async () => {
    const { folder, uploads } = await openFolder();
    await receive(uploads, Buffer.from("x"));
    const left = join(folder, ".incoming", "left");
    await writeFile(left, "half");
    await uploads.sweep({ ...unused, nowMs: Date.now() });
    expect(await filesIn(folder)).toContain(left);
    await uploads.sweep({ ...unused, nowMs: Date.now() + 2 * dayMs });
    expect(await filesIn(folder)).not.toContain(left);
  });
});

test("the folder must be absolute", () => {
  expect(() => createUploadFolder({ folder: "uploads", maxBytes: 1 })).toThrow(
    expect.objectContaining({ code: "ERR_CONFIG", fields: { folder: "uploads" } }),
  );
});
