import { expect, test } from "vitest";
import type { Part } from "../part.ts";
import { bytes } from "../units.ts";
import { bodyPieces } from "./body-pieces.ts";

const object = { uri: "file:///0", bytes: bytes(10), pin: "1" };
const range = { from: bytes(4), to: bytes(7) };

function part(length: number, lineEnd: "" | "\n" | "\r\n" = ""): Part {
  return { number: 5, segments: [{ source: 0, range, lineEnd }], bytes: bytes(length), records: 1 };
}

test("a body is header, range, and the line end that the range lacks", () => {
  expect(bodyPieces(part(7, "\n"), [object], "é\n")).toEqual([
    { kind: "literal", text: "é\n" },
    { kind: "range", object, range },
    { kind: "literal", text: "\n" },
  ]);
});

test("a body without header is its ranges", () => {
  expect(bodyPieces(part(3), [object], "")).toEqual([{ kind: "range", object, range }]);
});

test.each([
  ["h\n", 5, "h\n"],
  ["h\n", 6, "h\r\n"],
  ["h\r\n", 5, "h\n"],
  ["h\r\n", 6, "h\r\n"],
])("header %j in a part of %i bytes is %j", (header, length, text) => {
  expect(bodyPieces(part(length), [object], header)[0]).toEqual({ kind: "literal", text });
});

test("what does not belong together is refused", () => {
  expect(() => bodyPieces(part(5), [], "h\n")).toThrow(
    new RangeError("part 5 does not fit source object 0"),
  );
  expect(() => bodyPieces(part(5), [{ ...object, bytes: bytes(6) }], "h\n")).toThrow(RangeError);
  expect(() => bodyPieces(part(7), [object], "h\n")).toThrow(
    new RangeError("part 5 does not fit the header: 4 bytes are left"),
  );
  expect(() => bodyPieces(part(4), [object], "")).toThrow(RangeError);
  expect(() => bodyPieces(part(3), [object], "h\n")).toThrow(RangeError);
});

test("a range of a converted object may lie past the object's stored bytes", () => {
  const conversion = { compression: "gzip", encoding: "utf-8", delimiter: "," } as const;
  const small = { ...object, bytes: bytes(5), conversion };
  expect(bodyPieces(part(3), [small], "")).toEqual([{ kind: "range", object: small, range }]);
});
