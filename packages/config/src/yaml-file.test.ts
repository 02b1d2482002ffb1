import { describe, expect, it } from "vitest";
import { maxYamlLength, readYaml } from "./yaml-file.ts";

const faultsOf = (text: string) =>
  readYaml(text).faults.map(({ at, message }) => `${at} ${message}`);

describe("readYaml", () => {
  it("gives plain data", () => {
    const text = "a: 1\nb: [x, true, 2027-01-01]\n7: &n { no: yes }\nc: *n\n";
    const { value, faults } = readYaml(text);
    expect(faults).toEqual([]);
    expect(value).toEqual({
      a: 1,
      b: ["x", true, "2027-01-01"],
      "7": { no: "yes" },
      c: { no: "yes" },
    });
  });

  it.each(["", "# nothing\n", "---\n", "null\n"])("takes %j as nothing set", (text) => {
    expect(readYaml(text)).toMatchObject({ value: {}, faults: [] });
  });

  it.each<[readonly (string | number)[], string]>([
    [[], "2:1"],
    [["a"], "2:1"],
    [["a", "b"], "3:3"],
    [["a", "b", 1], "3:10"],
    [["a", "missing"], "2:1"],
    [["c", "d"], "4:5"],
    [["missing", "x"], "2:1"],
    [["a", "b", 7, "x"], "3:3"],
  ])("finds the place of %j", (path, place) => {
    expect(readYaml("# comment\na: &x\n  b: [1, 2]\nc: {d: 1, e: *x}\n").at(path)).toBe(place);
  });

  it("finds a place behind an alias", () => {
    expect(readYaml("a: &x\n  b: 1\nc: *x\n").at(["c", "b"])).toBe("2:3");
  });

  it.each([
    ["a: 1\na: 2\n", "2:1 this key stands twice"],
    ["a:\n\tb: 1\n", "2:1 is indented by a tab; only spaces may indent"],
    [
      "cron: */5 * * * *\n",
      "1:7 there is no anchor &/5; a value that begins with * must be quoted",
    ],
    ["a: 'b\n", "2:1 a closing quote, bracket, brace or a comma is missing"],
    ["a: [b\n", "2:1 is not indented as the lines around it, or a bracket before it is not closed"],
    ["a: 1\n---\nb: 1\n", "2:1 must be one document; --- begins a second"],
    ["a: @b\n", "1:4 a value that begins with this character must be quoted"],
    ["x: &a [*a]\n", "1:8 *a stands within &a, so it would never end"],
    ["x: &a\n  b: { c: *a }\n", "2:11 *a stands within &a, so it would never end"],
    ["a: !secret b\n", "1:4 has a tag (!name) that is not known here"],
    ["? [a]\n: 1\n", "1:3 a key must be text"],
    ["__proto__: 1\n", "1:1 __proto__ may not be a key"],
    ["a: b: c\n", '1:4 a value that holds ": " must be quoted, a mapping begin on its own line'],
  ])("tells what is wrong with %j", (text, fault) => {
    expect(faultsOf(text)).toEqual([fault]);
  });

  it("reads on after a key that stands twice, so that other faults are found too", () => {
    expect(readYaml("a: 1\na: 2\n").value).toEqual({ a: 2 });
  });

  it("refuses anchors that unfold to millions, at once", () => {
    const lines = Array.from(
      { length: 12 },
      (_, n) =>
        `a${n}: &a${n} [${
          n === 0
            ? "x"
            : Array(9)
                .fill(`*a${n - 1}`)
                .join(", ")
        }]`,
    );
    expect(faultsOf(lines.join("\n"))).toEqual(["1:1 repeats anchors too often"]);
  });

  it("refuses a file that is too long unread", () => {
    expect(faultsOf(`a: ${"x".repeat(maxYamlLength)}`)).toEqual([
      `1:1 is ${maxYamlLength + 3} characters long, allowed are ${maxYamlLength}`,
    ]);
  });

  it("takes deep nesting as a fault, not as the end of the process", () => {
    const { value, faults } = readYaml(`x: ${"[".repeat(200_000)}${"]".repeat(200_000)}`);
    expect(value).toBeUndefined();
    expect(faults).toMatchObject([{ message: "is nested too deep" }]);
  });

  it("never repeats what stands in the file", () => {
    for (const text of [
      "a: 'canary\n",
      "a: b: canary\n",
      "canary\n  : ]\n",
      "a: [canary: ]]\n",
      "a: !canary x\n",
    ])
      expect(faultsOf(text).join()).not.toContain("canary");
  });
});
