/** Makes keys for the clients of the HTTP API. */
import { createHash, randomBytes } from "node:crypto";
import { BulkError } from "@headgate/core";
import { clientNamePattern } from "./client-schema.ts";

/** An API key just made. */
export interface NewApiKey {
  /** Name of the client that it is for. */
  readonly name: string;
  /** The key itself, a secret: `hg_` and 43 characters, 256 bits of chance. */
  readonly key: string;
  /** `sha256:` and 64 hex digits, for `clients.NAME.keys`; no secret. */
  readonly hash: string;
}

/** Makes a key for the client of this name. Throws ERR_CONFIG for a name that no client may have. */
export function newApiKey(name: string): NewApiKey {
  if (!clientNamePattern.test(name))
    throw new BulkError(
      "ERR_CONFIG",
      `a client's name must be 1 to 32 of a-z, 0-9 and -, beginning with a letter or digit, not ${JSON.stringify(name.slice(0, 64))}`,
      { fields: { name: name.slice(0, 64) } },
    );
  const key = `hg_${randomBytes(32).toString("base64url")}`;
  return { name, key, hash: `sha256:${createHash("sha256").update(key).digest("hex")}` };
}
