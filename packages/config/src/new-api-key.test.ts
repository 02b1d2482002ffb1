import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { newApiKey } from "./new-api-key.ts";

describe("newApiKey", () => {
  it("makes a key of 256 bits and its hash", () => {
    const { name, key, hash } = newApiKey("airflow");
    expect(name).toBe("airflow");
    expect(key).toMatch(/^hg_[A-Za-z0-9_-]{43}$/);
    expect(hash).toBe(`sha256:${createHash("sha256").update(key).digest("hex")}`);
    expect(newApiKey("airflow").key).not.toBe(key);
  });

  it.each(["", "Airflow", "a:b", "a b", "-a", "x".repeat(33)])("refuses the name %j", (name) => {
    expect(() => newApiKey(name)).toThrow(RangeError);
  });
});
