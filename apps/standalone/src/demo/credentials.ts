/** Keys and passwords of one demo, made fresh and kept in its folder for its user only. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newApiKey } from "@headgate/config";

export interface Credentials {
  /** Connected app and user of the emulated tenant. */
  readonly consumerKey: string;
  readonly user: string;
  readonly privateKeyFile: string;
  readonly publicKeyFile: string;
  readonly apiKey: string;
  readonly apiKeyFile: string;
  /** What headgate.yaml knows of the key. */
  readonly apiKeyHash: string;
  readonly boardUser: string;
  readonly boardPasswordFile: string;
  readonly s3: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Makes them and writes their files, mode 0600. */
export async function makeCredentials(folder: string): Promise<Credentials> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const apiKey = newApiKey("demo");
  const write = async (name: string, text: string | Buffer): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  return {
    consumerKey: "headgate-demo",
    user: "demo@example.com",
    privateKeyFile: await write(
      "private-key.pem",
      privateKey.export({ type: "pkcs8", format: "pem" }),
    ),
    publicKeyFile: await write("public-key.pem", publicKey.export({ type: "spki", format: "pem" })),
    apiKey: apiKey.key,
    apiKeyFile: await write("api-key", apiKey.key),
    apiKeyHash: apiKey.hash,
    boardUser: "demo",
    boardPasswordFile: await write("board-password", randomBytes(18).toString("base64url")),
    s3: { accessKeyId: "demo", secretAccessKey: randomBytes(24).toString("hex") },
  };
}
