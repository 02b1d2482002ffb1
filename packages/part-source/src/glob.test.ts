import { formatUri } from "@headgate/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseGlob } from "./glob.ts";

const encode = (key: string) =>
  formatUri({ scheme: "s3", container: "b", key }).slice("s3://b/".length);

const anyKey = fc.string({ unit: "grapheme-composite", minLength: 1, maxLength: 40 });

test("an encoded key matches itself and no other key", () => {
  fc.assert(
    fc.property(anyKey, anyKey, (key, other) => {
      const glob = parseGlob(encode(key), "uri");
      expect(glob.prefix).toBe(key);
      expect(glob.matches(key)).toBe(true);
      expect(glob.matches(other)).toBe(other === key);
    }),
    { numRuns: 2_000 },
  );
});

test("the prefix is the literal text before the first wildcard", () => {
  fc.assert(
    fc.property(anyKey, fc.constantFrom("*", "?", "[a]", "{a,b}", "**"), (key, wildcard) => {
      expect(parseGlob(`${encode(key)}${wildcard}`, "uri").prefix).toBe(key);
    }),
  );
});

test("a star stays within its folder and two stars do not", () => {
  const name = fc.string({
    unit: fc.constantFrom("a", ".", "-", "é", "\n", "+"),
    minLength: 1,
    maxLength: 5,
  });
  const isDots = (text: string) => text === "." || text === "..";
  const folders = fc.array(
    name.filter((text) => !isDots(text)),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(folders, name, (inner, last) => {
      const key = ["top", ...inner, `${last}.csv`].join("/");
      expect(parseGlob("top/*.csv", "uri").matches(key)).toBe(inner.length === 0);
      expect(parseGlob("top/**/*.csv", "uri").matches(key)).toBe(true);
      expect(parseGlob("top/**", "uri").matches(key)).toBe(true);
      expect(parseGlob("other/**", "uri").matches(key)).toBe(false);
    }),
  );
});

test.each([
  ["a(b)+|c.csv", "a(b)+|c.csv"],
  ["a,b.csv", "a,b.csv"],
  ["!a.csv", "!a.csv"],
  ["{a%2Cb,c}.csv", "a,b.csv"],
  ["[%5D].csv", "].csv"],
  ["[a\\].csv", "\\.csv"],
])("the glob %j matches %j", (pattern, key) => {
  expect(parseGlob(pattern, "uri").matches(key)).toBe(true);
});

test("a percent sign that encodes nothing is refused", () => {
  expect(() => parseGlob("a%zz*", "s3://b/a%zz*")).toThrow(
    expect.objectContaining({ code: "ERR_SOURCE_URI", fields: { uri: "s3://b/a%zz*" } }),
  );
});
