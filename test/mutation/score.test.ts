import { expect, test } from "vitest";
import { type Equivalent, percentOf, type Report, scoresOf } from "./score.ts";

const file = "packages/core/src/a.ts";
const location = { start: { line: 2, column: 7 }, end: { line: 2, column: 12 } };
const mutant = { mutatorName: "EqualityOperator", location };

function reportOf(...fates: readonly (readonly [status: string, replacement: string])[]): Report {
  const mutants = fates.map(([status, replacement]) => ({ ...mutant, status, replacement }));
  return { files: { [file]: { source: "first\n  if (a < b)\n", mutants } } };
}

const known: Equivalent = {
  ...{
    file,
    line: "if (a < b)",
    code: "a < b",
    mutator: "EqualityOperator",
    replacement: "a <= b",
  },
  reason: "they are never equal",
};

test("counts as killed what a test or a timeout has ended, and nothing that was not run", () => {
  const report = reportOf(["Killed", "x"], ["Timeout", "y"], ["Ignored", "z"], ["Survived", "w"]);
  const { files } = scoresOf(report, []);
  expect(files).toMatchObject([{ file, killed: 2, equivalent: 0 }]);
  expect(files[0]?.alive).toMatchObject([{ lineNumber: 2, line: "if (a < b)", replacement: "w" }]);
  expect(percentOf(files)).toBeCloseTo(66.67);
});

test("takes out equivalents by their line and replacement, and no others", () => {
  const { files, stale } = scoresOf(reportOf(["Survived", "a <= b"], ["NoCoverage", "b"]), [known]);
  expect(files).toMatchObject([{ equivalent: 1, alive: [{ replacement: "b" }] }]);
  expect(percentOf(files)).toBe(0);
  expect(stale).toEqual([]);
  const other = { ...known, code: "a" };
  expect(scoresOf(reportOf(["Survived", "a <= b"]), [other]).files[0]?.alive).toHaveLength(1);
});

test("tells of equivalents that no surviving mutant matches", () => {
  expect(scoresOf(reportOf(["Killed", "a <= b"]), [known]).stale).toEqual([known]);
  const elsewhere = { ...known, file: "packages/core/src/not-mutated.ts" };
  expect(scoresOf(reportOf(), [elsewhere]).stale).toEqual([]);
});
