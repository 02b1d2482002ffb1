import fc from "fast-check";
import { expect, test } from "vitest";
import { propertyRuns } from "./property-runs.test-support.ts";
import { decodeUtf8, utf8Length } from "./utf8.ts";

test("decodes what TextEncoder encodes and knows its length", () => {
  const text = fc.string({ unit: "binary", maxLength: 50 });
  fc.assert(
    fc.property(text, (expected) => {
      const encoded = new TextEncoder().encode(expected);
      expect(decodeUtf8(encoded)).toBe(expected);
      expect(utf8Length(expected)).toBe(encoded.length);
    }),
    {
      numRuns: propertyRuns(2000),
      examples: [["\ufeffa"], ["\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}\0"]],
    },
  );
});
