/** Scores of a Stryker report, with the mutants that no test could tell from the code taken out. */

/** What is read of a report in the form of mutation-testing-report-schema. */
export interface Report {
  readonly files: Readonly<
    Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>
  >;
}

export interface Mutant {
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: string;
  readonly location: { readonly start: Place; readonly end: Place };
}

/** Line and column, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A mutant that does what the code does, and why. */
export interface Equivalent {
  readonly file: string;
  /** The line on which it begins, without its indentation. */
  readonly line: string;
  /** What it replaces. */
  readonly code: string;
  readonly mutator: string;
  readonly replacement: string;
  readonly reason: string;
}

export interface FileScore {
  readonly file: string;
  /** Killed by a test, or by running without end. */
  readonly killed: number;
  readonly equivalent: number;
  /** Not killed, and not equivalent; with those that no test reaches. */
  readonly alive: readonly LivingMutant[];
}

export interface LivingMutant {
  readonly file: string;
  readonly lineNumber: number;
  readonly line: string;
  readonly code: string;
  readonly mutator: string;
  readonly replacement: string;
}

export interface Scores {
  readonly files: readonly FileScore[];
  /** Of `equivalents`, those that match no mutant of the report's files that has survived. */
  readonly stale: readonly Equivalent[];
}

/** Scores by file, in the order of their names. What Stryker has ignored or could not run counts nowhere. */
export function scoresOf(report: Report, equivalents: readonly Equivalent[]): Scores {
  const used = new Set<Equivalent>();
  const files = Object.entries(report.files).map(([file, { source, mutants }]): FileScore => {
    const lines = source.split("\n");
    const alive: LivingMutant[] = [];
    let killed = 0;
    let equivalent = 0;
    for (const mutant of mutants) {
      if (mutant.status === "Killed" || mutant.status === "Timeout") killed++;
      if (mutant.status !== "Survived" && mutant.status !== "NoCoverage") continue;
      const lineNumber = mutant.location.start.line;
      const living: LivingMutant = {
        ...{ file, lineNumber, line: (lines[lineNumber - 1] ?? "").trim() },
        code: codeOf(lines, mutant.location),
        ...{ mutator: mutant.mutatorName, replacement: mutant.replacement ?? "" },
      };
      const known = equivalents.find((candidate) => isSame(candidate, living));
      if (known === undefined) alive.push(living);
      else {
        used.add(known);
        equivalent++;
      }
    }
    return { file, killed, equivalent, alive };
  });
  const stale = equivalents.filter(({ file }) => report.files[file] !== undefined);
  return {
    files: files.toSorted((a, b) => (a.file < b.file ? -1 : 1)),
    stale: stale.filter((candidate) => !used.has(candidate)),
  };
}

/** Killed of those that could be, in percent; 100 where there are none. */
export function percentOf(files: readonly FileScore[]): number {
  const killed = files.reduce((sum, file) => sum + file.killed, 0);
  const alive = files.reduce((sum, file) => sum + file.alive.length, 0);
  return killed + alive === 0 ? 100 : (100 * killed) / (killed + alive);
}

function isSame(known: Equivalent, living: LivingMutant): boolean {
  return (
    known.file === living.file &&
    known.line === living.line &&
    known.code === living.code &&
    known.mutator === living.mutator &&
    known.replacement === living.replacement
  );
}

function codeOf(lines: readonly string[], { start, end }: Mutant["location"]): string {
  const code = lines.slice(start.line - 1, end.line);
  const last = code.pop() ?? "";
  return [...code, last.slice(0, end.column - 1)].join("\n").slice(start.column - 1);
}
