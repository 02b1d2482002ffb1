import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HashSum, hashRecord } from "./record-hash.ts";

describe("the hash of a record", () => {
  it("is the first 8 bytes of SHA-256 over its JSON array", () => {
    const fields = ["1", 'say "hi"\r\n', "Zoë 😀", ""];
    const json = String.raw`["1","say \"hi\"\r\n","Zoë 😀",""]`;
    const digest = createHash("sha256").update(json, "utf8").digest("hex");
    const sum = new HashSum();
    const { high, low } = hashRecord(fields);
    sum.add(high, low);
    expect(sum.toString()).toBe(digest.slice(0, 16));
  });
});

describe("a sum of hashes", () => {
  it("is taken modulo 2^64, and undone by subtraction", () => {
    const half = fc.nat(0xffffffff);
    fc.assert(
      fc.property(fc.array(fc.tuple(half, half)), half, half, (hashes, high, low) => {
        const sum = new HashSum();
        for (const hash of hashes) sum.add(...hash);
        const total = hashes.reduce((all, [h, l]) => all + (BigInt(h) << 32n) + BigInt(l), 0n);
        const hex = BigInt.asUintN(64, total).toString(16).padStart(16, "0");
        expect(sum.toString()).toBe(hex);
        sum.add(high, low);
        sum.subtract(high, low);
        expect(sum.toString()).toBe(hex);
      }),
    );
  });
});
