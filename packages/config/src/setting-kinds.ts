/** Kinds of settings that headgate.yaml is made of. */
import { Secret } from "@headgate/core";
import { z } from "zod";

/** A whole number within bounds. */
export const whole = (least: number, most: number) => z.int().min(least).max(most);

/**
 * A path. One that is not absolute starts at the folder of headgate.yaml, and one that an
 * environment variable gives at the working folder; the word `none` stays as it is.
 */
export const path = z.string().min(1).max(4096).meta({ format: "path" });

/** Where a secret lies, in place of the secret itself. */
export interface SecretFile {
  readonly file: string;
}

/**
 * A secret, or `{ file: path }` whose text it is. Its value is never repeated in messages, and what is
 * parsed prints as `***`. `pattern` and `accepts` are what the text must be; else `problem` says it.
 */
export function secret(rule: {
  readonly pattern: RegExp;
  readonly accepts?: (text: string) => boolean;
  readonly problem: string;
}) {
  const { pattern, accepts = () => true, problem } = rule;
  return z
    .union(
      [
        z
          .string()
          .max(4096)
          .regex(pattern, problem)
          .refine(accepts, problem)
          .meta({ writeOnly: true }),
        z.strictObject({ file: path }),
      ],
      { error: "must be text, or {file: path} of a file that holds it" },
    )
    .transform((given) => (typeof given === "string" ? new Secret(given) : given));
}
