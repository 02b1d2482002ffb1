/** API keys: known by name, kept as hashes only, compared in constant time. */
import { createHash, timingSafeEqual } from "node:crypto";
import { BulkError } from "@headgate/core";

/** One key that opens the API. Two keys of one name may live side by side, so that a key can be rotated. */
export interface ApiKey {
  /** Name of the client: the principal of the loads it brings. */
  readonly name: string;
  /** SHA-256 of the key, 32 bytes. */
  readonly sha256: Buffer;
}

/** Names of keys stand in logs and load records, so they are plain. */
const keyLine = /^([a-z0-9][a-z0-9-]{0,31})[ \t]+sha256:([0-9a-f]{64})$/;

/**
 * Reads a key file: a line `name sha256:<64 hex digits>` for each key; blank lines and lines that
 * start with "#" are skipped. Throws ERR_CONFIG with the numbers of the lines that are wrong,
 * never their text, and where no key is left.
 */
export function parseApiKeys(text: string): readonly ApiKey[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const keys: ApiKey[] = [];
  const wrong: number[] = [];
  for (const [index, line] of lines.entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name, digest] = keyLine.exec(line) ?? [];
    if (name === undefined || digest === undefined) wrong.push(index + 1);
    else keys.push({ name, sha256: Buffer.from(digest, "hex") });
  }
  if (wrong.length > 0)
    throw new BulkError(
      "ERR_CONFIG",
      `line ${wrong.join(", ")} is not "name sha256:<64 hex digits>"; make one with: headgate api-key new NAME`,
      { fields: { lines: wrong.join(",") } },
    );
  if (keys.length === 0)
    throw new BulkError(
      "ERR_CONFIG",
      "there is no key in it; make one with: headgate api-key new NAME",
    );
  return keys;
}

/** A key as the API keeps it. */
export function apiKey(name: string, key: string): ApiKey {
  return { name, sha256: sha256(key) };
}

/** The key that this text is, if any. Takes the same time for every text of one length. */
export function findApiKey(keys: readonly ApiKey[], text: string): ApiKey | undefined {
  const digest = sha256(text);
  return keys.filter((key) => timingSafeEqual(key.sha256, digest))[0];
}

/** Whether two texts are equal, without telling by the time taken where they differ. */
export function sameSecret(one: string, other: string): boolean {
  return timingSafeEqual(sha256(one), sha256(other));
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}
