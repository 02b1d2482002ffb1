import { BulkError } from "@headgate/core";

const plainKey = /^[\x21-\x7e]{1,255}$/;
const quotedKey = /^"((?:[^"\\]|\\["\\])*)"$/;

/**
 * The key in an `Idempotency-Key` header: 1 to 255 visible ASCII characters, bare or as the quoted
 * string of draft-ietf-httpapi-idempotency-key-header-07, which both mean the same key.
 * Throws ERR_REQUEST_INVALID.
 */
export function parseIdempotencyKey(
  header: string | readonly string[] | undefined,
): string | undefined {
  if (header === undefined) return undefined;
  // Node joins a header that came twice with ", ", and a blank is no visible character.
  const text = typeof header === "string" ? header : header.join(", ");
  const quoted = quotedKey.exec(text)?.[1];
  const key = quoted === undefined ? text : quoted.replace(/\\(["\\])/g, "$1");
  if (plainKey.test(key)) return key;
  throw new BulkError(
    "ERR_REQUEST_INVALID",
    `Idempotency-Key must be 1 to 255 visible ASCII characters; ${text.length} were sent`,
    { fields: { field: "idempotency-key", length: text.length } },
  );
}
