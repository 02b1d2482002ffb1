import { describe, expect, it } from "vitest";
import { parseIdempotencyKey } from "./idempotency-key.ts";

describe("parseIdempotencyKey", () => {
  it("takes a bare key and none", () => {
    expect(parseIdempotencyKey(undefined)).toBeUndefined();
    expect(parseIdempotencyKey("8e03978e-40d5")).toBe("8e03978e-40d5");
    expect(parseIdempotencyKey("x".repeat(255))).toHaveLength(255);
  });

  it("takes the quoted string of the IETF draft as the same key", () => {
    expect(parseIdempotencyKey('"8e03978e-40d5"')).toBe("8e03978e-40d5");
    expect(parseIdempotencyKey('"a\\"b\\\\c"')).toBe('a"b\\c');
  });

  it.each([
    ["no character", ""],
    ["an empty string", '""'],
    ["256 characters", "x".repeat(256)],
    ["a blank", "two words"],
    ["two headers", ["one", "two"]],
    ["a letter beyond ASCII", "clé"],
    ["a control character", "a\tb"],
  ])("refuses %s", (_what, header) => {
    expect(() => parseIdempotencyKey(header)).toThrow(
      expect.objectContaining({
        code: "ERR_REQUEST_INVALID",
        fields: expect.objectContaining({ field: "idempotency-key" }),
      }),
    );
  });
});
