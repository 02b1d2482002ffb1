import { z } from "zod";

const quotedKey = /^"((?:[^"\\]|\\["\\])*)"$/;
const longestKey = 255;

/**
 * The header `Idempotency-Key`: 1 to 255 visible ASCII characters, bare or as the quoted string of
 * draft-ietf-httpapi-idempotency-key-header-07, which both mean the same key.
 */
export const idempotencyKey: z.ZodType<string> = z
  .string()
  .transform((text, context) => {
    const quoted = quotedKey.exec(text)?.[1];
    const key = quoted === undefined ? text : quoted.replace(/\\(["\\])/g, "$1");
    const fault = faultOf(key, quoted !== undefined);
    if (fault !== undefined)
      context.addIssue(`must be 1 to ${longestKey} visible ASCII characters; ${fault}`);
    return key;
  })
  .describe("a fresh text for each new request, the same one when it is sent again");

function faultOf(key: string, isQuoted: boolean): string | undefined {
  if (key.length < 1 || key.length > longestKey) return `it has ${key.length}`;
  if (!isQuoted && key.startsWith('"'))
    return "a quote at its start begins a quoted string, which does not end with it";
  const at = key.search(/[^\x21-\x7e]/);
  if (at < 0) return undefined;
  return `character ${at + 1} is ${key[at] === " " ? "a blank" : "not one of them"}`;
}

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
