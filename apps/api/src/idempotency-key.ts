import { z } from "zod";

const plainKey = /^[\x21-\x7e]{1,255}$/;
const quotedKey = /^"((?:[^"\\]|\\["\\])*)"$/;

/**
 * The header `Idempotency-Key`: 1 to 255 visible ASCII characters, bare or as the quoted string of
 * draft-ietf-httpapi-idempotency-key-header-07, which both mean the same key.
 */
export const idempotencyKey: z.ZodType<string> = z
  .string()
  .transform((text, context) => {
    const quoted = quotedKey.exec(text)?.[1];
    const key = quoted === undefined ? text : quoted.replace(/\\(["\\])/g, "$1");
    if (!plainKey.test(key))
      context.addIssue(`must be 1 to 255 visible ASCII characters; ${text.length} were sent`);
    return key;
  })
  .describe("a fresh text for each new request, the same one when it is sent again");

/** Headers of a request that may have a key. Other headers are not looked at. */
export const idempotencyHeaders: z.ZodObject<{
  "idempotency-key": z.ZodExactOptional<z.ZodType<string>>;
}> = z.object({ "idempotency-key": idempotencyKey.exactOptional() });

/** The key as the doors take it. */
export function keyOf(headers: { readonly "idempotency-key"?: string }): {
  readonly idempotencyKey?: string;
} {
  const key = headers["idempotency-key"];
  return key === undefined ? {} : { idempotencyKey: key };
}
