/** Holds the page of failures to the tests that it names. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

interface Row {
  readonly id: string;
  readonly shownBy: string;
}

const repository = new URL("../", import.meta.url);
const page = readFileSync(new URL("failures.md", import.meta.url), "utf8");
const rows: readonly Row[] = [
  ...page.matchAll(/^\| ([A-Z]\d+) +\|[^|]+\|[^|]+\| ([^|]+?) +\|$/gm),
].map(([, id = "", shownBy = ""]) => ({ id, shownBy }));

/** What the page must not lose: a row for each of these. */
const ids = {
  A: 4,
  B: 7,
  C: 4,
  D: 5,
  E: 8,
  F: 3,
  G: 5,
  H: 8,
  J: 6,
  K: 6,
};

it("the page has a row for each failure, once", () => {
  const wanted = Object.entries(ids).flatMap(([group, count]) =>
    Array.from({ length: count }, (_, index) => `${group}${index + 1}`),
  );
  expect(rows.map(({ id }) => id).sort()).toEqual([...wanted, "M5"].sort());
});

it.each(rows)("$id is shown by tests that exist", ({ shownBy }) => {
  if (shownBy.startsWith("needs none: ")) return;
  const named = shownBy.split("<br>").map((one) => /^`([^`]+\.test\.ts)` (.+)$/.exec(one));
  expect(named).not.toContain(null);
  for (const match of named) {
    const [, file = "", title = ""] = match ?? [];
    const source = readFileSync(new URL(file, repository), "utf8");
    const isThere = ['"', "'", "`"].some((quote) => source.includes(`${quote}${title}${quote}`));
    expect(isThere, `${file} has the test ${title}`).toBe(true);
  }
});
