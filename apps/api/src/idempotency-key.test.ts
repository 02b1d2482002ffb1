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
    ["no character", ""],
    ["an empty string", '""'],
    ["256 characters", "x".repeat(256)],
    ["a blank", "two words"],
    ["two headers", "one, two"],
    ["a letter beyond ASCII", "clé"],
    ["a control character", "a\tb"],
  ])("refuses %s", (_what, header) => {
    const parsed = idempotencyHeaders.safeParse({ "idempotency-key": header });
    expect(parsed.error?.issues).toMatchObject([{ path: ["idempotency-key"] }]);
  });
});
