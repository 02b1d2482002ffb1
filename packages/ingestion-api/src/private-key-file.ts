/** The connected app's private key, kept in a file that only its owner can read. */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { BulkError } from "@headgate/core";

export interface PrivateKeyFile {
  /**
   * The RSA key, at least 2048 bits, from PEM (PKCS#8 or PKCS#1, not encrypted). The file is
   * checked at each call and read again when it was replaced or changed.
   * Throws ERR_KEY_FILE with `path`, and `mode` where others than the owner have rights.
   */
  read(): Promise<KeyObject>;
}

/** Looks at `path` only when a key is asked for. Symbolic links are followed, as mounted secrets need. */
export function privateKeyFile(path: string): PrivateKeyFile {
  let known: { readonly version: string; readonly key: KeyObject } | undefined;
  return {
    async read() {
      const file = await openKeyFile(path);
      try {
        const version = await checkedVersion(path, file);
        if (known?.version !== version) {
          known = { version, key: parseKey(path, await file.readFile("utf8")) };
        }
        return known.key;
      } finally {
        await file.close();
      }
    },
  };
}

const maxKeyFileBytes = 64 * 1024;
/** jose and RFC 7518 section 3.3: RS256 needs 2048 bits or more. */
const minModulusBits = 2048;

async function openKeyFile(path: string): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for a writer.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw keyFileError(path, "it cannot be opened", { cause });
  }
}

/** Checks the open file, not the path, so that what is checked is what is read. */
async function checkedVersion(path: string, file: FileHandle): Promise<string> {
  const stat = await file.stat({ bigint: true });
  if (!stat.isFile()) throw keyFileError(path, "it is not a regular file");
  const mode = Number(stat.mode & 0o777n);
  if ((mode & 0o077) !== 0) {
    const shown = `0${mode.toString(8)}`;
    throw keyFileError(path, `its mode is ${shown}, allowed are 0400 and 0600`, { mode: shown });
  }
  if (stat.size > maxKeyFileBytes) {
    throw keyFileError(path, `it has ${stat.size} bytes, allowed are ${maxKeyFileBytes}`);
  }
  return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}`;
}

function parseKey(path: string, pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: "pem" });
  } catch (cause) {
    throw keyFileError(path, "it holds no unencrypted private key in PEM", { cause });
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== "rsa") {
    throw keyFileError(path, `its key is of type ${key.asymmetricKeyType}, allowed is rsa`);
  }
  if (bits < minModulusBits) {
    throw keyFileError(path, `its key has ${bits} bits, allowed are ${minModulusBits} or more`);
  }
  return key;
}

function keyFileError(
  path: string,
  fault: string,
  detail: { readonly mode?: string; readonly cause?: unknown } = {},
): BulkError {
  return new BulkError("ERR_KEY_FILE", `private key file ${path}: ${fault}`, {
    fields: { path, mode: detail.mode },
    cause: detail.cause,
  });
}
