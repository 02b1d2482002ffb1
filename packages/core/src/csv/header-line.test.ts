import { expect, test } from "vitest";
import { headerLine, headerLineBytes } from "./header-line.ts";

test.each(["é,b", "é,b\n", "é,b\r\n"])("%j gets the line end it is asked for", (header) => {
  expect(headerLine(header, "\n")).toBe("é,b\n");
  expect(headerLine(header, "\r\n")).toBe("é,b\r\n");
  expect(headerLineBytes(header)).toEqual({ "\n": 5, "\r\n": 6 });
});

test("a line end within a name stays as it is", () => {
  expect(headerLine('"a\r\nb",c\n', "\r\n")).toBe('"a\r\nb",c\r\n');
});
