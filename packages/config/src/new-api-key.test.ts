import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { clientSchema } from "./client-schema.ts";
import { newApiKey } from "./new-api-key.ts";

it("makes a key of 256 bits and the hash that a client's keys take", () => {
  const { name, key, hash } = newApiKey("airflow");
  expect(name).toBe("airflow");
  expect(key).toMatch(/^hg_[A-Za-z0-9_-]{43}$/);
  expect(hash).toBe(`sha256:${createHash("sha256").update(key).digest("hex")}`);
  expect(clientSchema.parse({ keys: [{ hash }] }).keys).toEqual([{ hash }]);
});

it("makes another key each time", () => {
  expect(newApiKey("a").key).not.toBe(newApiKey("a").key);
});

it.each(["", "A", "a b", "-a", "a:b", "x".repeat(33), "../a", "__proto__"])(
  "refuses the name %j, which no client may have",
  (name) => {
    expect(() => newApiKey(name)).toThrow(
      expect.objectContaining({ code: "ERR_CONFIG", fields: { name } }),
    );
  },
);
