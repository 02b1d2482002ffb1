import { describe, expect, it } from "vitest";
import { idempotencyHeaders, keyOf } from "./idempotency-key.ts";

/** The key that a header is. */
function keyIn(header: unknown): string | undefined {
  const headers = header === undefined ? {} : { "idempotency-key": header };
  return keyOf(idempotencyHeaders.parse(headers)).idempotencyKey;
}

describe("an idempotency key", () => {
  it("takes a bare key and none", () => {
    expect(keyIn(undefined)).toBeUndefined();
    expect(keyIn("8e03978e-40d5")).toBe("8e03978e-40d5");
    expect(keyIn("x".repeat(255))).toHaveLength(255);
  });

  it("takes the quoted string of the IETF draft as the same key", () => {
    expect(keyIn('"8e03978e-40d5"')).toBe("8e03978e-40d5");
    expect(keyIn('"a\\"b\\\\c"')).toBe('a"b\\c');
  });

  it.each([
    ["no character", "", "it has 0"],
    ["an empty string", '""', "it has 0"],
    ["256 characters", "x".repeat(256), "it has 256"],
    ["a blank", "two words", "character 4 is a blank"],
    ["two headers", "one, two", "character 5 is a blank"],
    ["a letter beyond ASCII", "clé", "character 3 is not one of them"],
    ["a control character", "a\tb", "character 2 is not one of them"],
    ["a quoted string without an end", '"un', "a quote at its start"],
    ["a quoted string that ends early", '"a"b"', "a quote at its start"],
  ])("refuses %s, saying why", (_what, header, why) => {
    const parsed = idempotencyHeaders.safeParse({ "idempotency-key": header });
    expect(parsed.error?.issues).toMatchObject([
      { path: ["idempotency-key"], message: expect.stringContaining(why) },
    ]);
  });
});
