import { mkdtemp, readdir, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  createUploadFolder,
  type UploadFolder,
  type UploadFolderOptions,
} from "./upload-folder.ts";

async function openFolder(bounds: Partial<UploadFolderOptions>) {
  const folder = await mkdtemp(join(tmpdir(), "headgate-room-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return { folder, uploads: createUploadFolder({ folder, maxBytes: 1000, ...bounds }) };
}

async function* bodyOf(bytes: number): AsyncGenerator<Buffer> {
  for (let left = bytes; left > 0; left -= 10) yield Buffer.alloc(Math.min(left, 10), "x");
}

const receive = (uploads: UploadFolder, bytes: number, client = "erp") =>
  uploads.receive({ client, body: bodyOf(bytes) });

/** Files that lie there, half-received ones too. */
async function filesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

test("a client may have just as many bytes as allowed in sum, others have their own", async () => {
  const { folder, uploads } = await openFolder({ maxBytesPerClient: 100 });
  await receive(uploads, 60);
  const full = {
    code: "ERR_UPLOAD_FAILED",
    fields: { client: "erp", reason: "client", bytesSeen: 101, bytesAllowed: 100 },
  };
  await expect(receive(uploads, 41)).rejects.toMatchObject(full);
  expect(await filesIn(folder)).toBe(1);
  const last = await receive(uploads, 40);
  await expect(receive(uploads, 1)).rejects.toMatchObject(full);
  await receive(uploads, 100, "crm");
  await uploads.remove(last.uri);
  await receive(uploads, 40);
});

test("a file that is announced too large is refused before a byte of it is read", async () => {
  const { folder, uploads } = await openFolder({ maxBytesPerClient: 100 });
  let read = false;
  async function* body() {
    read = true;
    yield Buffer.from("x");
  }
  const refused = uploads.receive({ client: "erp", announcedBytes: 101, body: body() });
  await expect(refused).rejects.toMatchObject({ code: "ERR_UPLOAD_FAILED" });
  expect({ read, files: await filesIn(folder) }).toEqual({ read: false, files: 0 });
});

test("files that come in side by side are held to the bound together, and one that ends gives back", async () => {
  const { folder, uploads } = await openFolder({ maxBytesPerClient: 100 });
  const sent = await Promise.allSettled([receive(uploads, 60), receive(uploads, 60)]);
  expect(sent.map(({ status }) => status)).toContain("rejected");
  for (const each of sent) if (each.status === "fulfilled") await uploads.remove(each.value.uri);
  expect(await filesIn(folder)).toBe(0);
  expect(await receive(uploads, 100)).toMatchObject({ bytes: 100 });
});

test("one that began before others were stored counts them too", async () => {
  const { uploads } = await openFolder({ maxBytesPerClient: 100 });
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  async function* body() {
    yield Buffer.alloc(10);
    begun.resolve();
    await goOn.promise;
    yield Buffer.alloc(40);
  }
  const slow = uploads.receive({ client: "erp", body: body() });
  await begun.promise;
  await receive(uploads, 60);
  goOn.resolve();
  await expect(slow).rejects.toMatchObject({ fields: { bytesSeen: 110, bytesAllowed: 100 } });
  await receive(uploads, 40);
});

test("a disk with less room than its reserve takes nothing, and says how much there is", async () => {
  const { bavail, bsize } = await statfs(tmpdir());
  const reserveBytes = bavail * bsize * 2;
  const { folder, uploads } = await openFolder({ reserveBytes });
  await expect(receive(uploads, 1)).rejects.toMatchObject({
    code: "ERR_UPLOAD_FAILED",
    message: expect.stringMatching(/ has \d+ bytes free, and \d+ stay free$/),
    fields: { client: "erp", reason: "disk", reserveBytes },
  });
  expect(await filesIn(folder)).toBe(0);
});
