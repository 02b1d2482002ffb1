/** Keys and passwords that `headgate up` makes at its first start, and keeps. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { newApiKey } from "@headgate/config";

/** Name of the client that commands on this machine are. */
export const upClient = "headgate-up";

export interface UpSecrets {
  /** API key of `upClient`. */
  readonly apiKey: string;
  /** File with the password of Bull Board. */
  readonly boardPasswordFile: string;
  /** Private key (PEM) that logs in at the emulator. */
  readonly emulatorKeyFile: string;
  readonly emulatorKey: string;
}

/** The file of `emulatorKeyFile`, which may not be there yet. */
export function emulatorKeyFileIn(folder: string): string {
  return join(folder, "emulator-key.pem");
}

/** Reads them from the folder, or makes them; files of mode 0600. */
export async function readSecrets(folder: string): Promise<UpSecrets> {
  const boardPasswordFile = join(folder, "board-password");
  const emulatorKeyFile = emulatorKeyFileIn(folder);
  const [apiKey, emulatorKey] = await Promise.all([
    readOrMake(join(folder, "api-key"), () => newApiKey(upClient).key),
    readOrMake(emulatorKeyFile, newPrivateKey),
    readOrMake(boardPasswordFile, () => randomBytes(18).toString("base64url")),
  ]);
  return { apiKey, boardPasswordFile, emulatorKeyFile, emulatorKey };
}

function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return privateKey;
}

/** An empty file is one whose writing was cut off. */
async function readOrMake(path: string, make: () => string): Promise<string> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return "";
  });
  if (text !== "") return text;
  const made = make();
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(made);
    await file.sync();
  } finally {
    await file.close();
  }
  return made;
}
