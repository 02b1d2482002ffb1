import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { allBugs } from "./all-bugs.ts";
import { brokenText } from "./break-sources.ts";

const root = join(import.meta.dirname, "../../..");

describe("seeded bugs", () => {
  it("have a name each", () => {
    expect(new Set(allBugs.map(({ name }) => name)).size).toBe(allBugs.length);
  });

  it.each(allBugs)("$name: finds its place once, and changes it", (bug) => {
    const text = readFileSync(join(root, bug.file), "utf8");
    expect(brokenText(bug, text)).not.toBe(text);
  });

  it("say so where their text is gone, or there twice", () => {
    const bug = { name: "b", file: "f", find: "x", replace: "y" };
    expect(() => brokenText(bug, "abc")).toThrow("is 0 times");
    expect(() => brokenText(bug, "xx")).toThrow("is 2 times");
  });
});
