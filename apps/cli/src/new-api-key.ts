import { createHash, randomBytes } from "node:crypto";

/** An API key just made. */
export interface NewApiKey {
  readonly name: string;
  /** The key itself, a secret: `headgate_` and 43 characters, 256 bits of chance. */
  readonly key: string;
  /** The line for the API's key file: the name and the key's SHA-256, no secret. */
  readonly line: string;
}

/** Makes a key for the client of this name. Throws RangeError for a name that the API would refuse. */
export function newApiKey(name: string): NewApiKey {
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(name))
    throw new RangeError(`a key's name must be 1 to 32 of a-z, 0-9 and -: ${name}`);
  const key = `headgate_${randomBytes(32).toString("base64url")}`;
  return { name, key, line: `${name} sha256:${createHash("sha256").update(key).digest("hex")}` };
}
