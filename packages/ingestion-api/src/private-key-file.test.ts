import { execFile } from "node:child_process";
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { chmod, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { privateKeyFile } from "./private-key-file.ts";

const first = rsa(2048);
const second = rsa(2048);
let path: string;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "headgate-key-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  path = join(folder, "key.pem");
});

describe("privateKeyFile", () => {
  it.each([0o400, 0o600])("reads a file of mode %o", async (mode) => {
    await writeFile(path, pem(first), { mode });
    expectSameKey(await privateKeyFile(path).read(), first);
  });

  it("reads PKCS#1 too", async () => {
    await writeFile(path, first.export({ type: "pkcs1", format: "pem" }), { mode: 0o600 });
    expectSameKey(await privateKeyFile(path).read(), first);
  });

  it("follows a symbolic link and judges what it points to", async () => {
    await writeFile(`${path}.real`, pem(first), { mode: 0o600 });
    await symlink(`${path}.real`, path);
    expectSameKey(await privateKeyFile(path).read(), first);
    await chmod(`${path}.real`, 0o644);
    await expectRefusal("its mode is 0644", { mode: "0644" });
  });

  it.each([
    [0o640, "0640"],
    [0o644, "0644"],
    [0o604, "0604"],
    [0o660, "0660"],
    [0o610, "0610"],
  ])("refuses mode %o", async (mode, shown) => {
    await writeFile(path, pem(first));
    await chmod(path, mode);
    await expectRefusal(`its mode is ${shown}`, { mode: shown });
  });

  it("refuses a file that became readable by others after its first use", async () => {
    await writeFile(path, pem(first), { mode: 0o600 });
    const file = privateKeyFile(path);
    await file.read();
    await chmod(path, 0o644);
    await expect(file.read()).rejects.toMatchObject({ code: "ERR_KEY_FILE" });
  });

  it("refuses a missing file", () => expectRefusal("cannot be opened"));

  it("refuses a folder", async () => {
    path = join(path, "..");
    await expectRefusal("not a regular file");
  });

  it("refuses a FIFO without waiting for a writer", async () => {
    await promisify(execFile)("mkfifo", ["-m", "600", path]);
    await expectRefusal("not a regular file");
  });

  it("refuses a file over 64 KiB", async () => {
    await writeFile(path, Buffer.alloc(64 * 1024 + 1, "a"), { mode: 0o600 });
    await expectRefusal("65537 bytes");
  });

  it.each([
    ["no PEM", "canary", "no unencrypted private key"],
    [
      "a public key",
      createPublicKey(first).export({ type: "spki", format: "pem" }),
      "no unencrypted",
    ],
    [
      "an encrypted key",
      first.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "canary" }),
      "no unencrypted",
    ],
    ["a key of another type", pem(generateKeyPairSync("ed25519").privateKey), "type ed25519"],
    ["a short key", pem(rsa(1024)), "1024 bits"],
  ])("refuses %s and does not quote it", async (_, content, fault) => {
    await writeFile(path, content, { mode: 0o600 });
    await expectRefusal(fault);
  });

  it("keeps the parsed key while the file is the same", async () => {
    await writeFile(path, pem(first), { mode: 0o600 });
    const file = privateKeyFile(path);
    expect(await file.read()).toBe(await file.read());
  });

  it("takes the new key after the file was replaced", async () => {
    await writeFile(path, pem(first), { mode: 0o600 });
    const file = privateKeyFile(path);
    await file.read();
    await writeFile(`${path}.new`, pem(second), { mode: 0o600 });
    await rename(`${path}.new`, path);
    expectSameKey(await file.read(), second);
  });

  it("takes the new key after the file was changed in place", async () => {
    await writeFile(path, pem(first), { mode: 0o600 });
    await utimes(path, 1, 1);
    const file = privateKeyFile(path);
    await file.read();
    await writeFile(path, pem(second));
    expectSameKey(await file.read(), second);
  });
});

async function expectRefusal(fault: string, fields: object = {}): Promise<void> {
  const refusal = privateKeyFile(path).read();
  await expect(refusal).rejects.toMatchObject({
    code: "ERR_KEY_FILE",
    message: expect.stringContaining(fault),
    fields: { path, ...fields },
  });
  await expect(refusal).rejects.not.toMatchObject({ message: expect.stringContaining("canary") });
}

function rsa(modulusLength: number): KeyObject {
  return generateKeyPairSync("rsa", { modulusLength }).privateKey;
}

function pem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function expectSameKey(seen: KeyObject, wanted: KeyObject): void {
  expect(seen.equals(wanted)).toBe(true);
}
