/** Holds the table of docs/security.md to the tests that it names. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const repository = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/security.md", repository), "utf8");
const rows = [...page.matchAll(/^\| (S\d+) +\|[^|]+\|[^|]+\| ([^|]+?) +\|$/gm)].map(
  ([, id = "", shownBy = ""]) => ({ id, shownBy }),
);

it("has a row for each requirement, once", () => {
  const wanted = [...Array.from({ length: 16 }, (_, index) => `S${index + 1}`), "S20"];
  expect(rows.map(({ id }) => id)).toEqual(wanted);
});

it.each(rows)("$id is shown by tests that exist", ({ shownBy }) => {
  for (const one of shownBy.split("<br>")) {
    const [, file = "", title = ""] = /^`([^`]+\.test\.ts)` (.+)$/.exec(one) ?? [];
    expect(file, one).not.toBe("");
    const source = readFileSync(new URL(file, repository), "utf8");
    const isThere = ['"', "'", "`"].some((quote) => source.includes(`${quote}${title}${quote}`));
    expect(isThere, `${file} has the test ${title}`).toBe(true);
  }
});
