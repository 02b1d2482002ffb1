import { describe, expect, it } from "vitest";
import { showBytes, showTable } from "./measures.ts";

describe("showBytes", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [99_949, "99.9 kB"],
    [99_950, "100 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [150_000_000, "150 MB"],
    [300_000_000_000, "300 GB"],
    [5_000_000_000_000_000, "5000 TB"],
  ])("shows %i as %s", (count, text) => {
    expect(showBytes(count)).toBe(text);
  });
});

describe("showTable", () => {
  it("lines up columns and leaves no blanks at the end", () => {
    expect(
      showTable([
        ["a", "long", "x"],
        ["longer", "b"],
      ]),
    ).toBe("a       long  x\nlonger  b");
  });
});
