/** Each seeded bug, until an invariant catches it. */
import { allBugs } from "./bugs/all-bugs.ts";
import { runSeeds } from "./run-seeds.ts";

export interface BugsReport {
  readonly ok: boolean;
  readonly bugs: readonly {
    readonly name: string;
    /** Seeds until it was caught; undefined: it was not. */
    readonly seeds: number | undefined;
    readonly seed: number | undefined;
    readonly invariant: string | undefined;
  }[];
}

export async function runBugs(options: {
  readonly from: number;
  readonly seeds: number;
  readonly processes: number;
  readonly bug: string | undefined;
}): Promise<BugsReport> {
  const bugs: BugsReport["bugs"][number][] = [];
  for (const { name } of allBugs) {
    let done = 0;
    let caught: { readonly seed: number; readonly invariant: string } | undefined;
    await runSeeds({
      ...options,
      count: options.seeds,
      bug: name,
      isEnough: ({ violation }) => violation !== undefined,
      onResult({ seed, violation }) {
        done++;
        if (violation !== undefined) caught ??= { seed, invariant: violation.invariant };
      },
    });
    bugs.push({
      name,
      seeds: caught && done,
      seed: caught?.seed,
      invariant: caught?.invariant,
    });
    process.stderr.write(
      `${name}: ${caught === undefined ? `NOT caught within ${done} seeds` : `caught by "${caught.invariant}" at seed ${caught.seed}, after ${done} seeds`}\n`,
    );
  }
  return { ok: bugs.every(({ seeds }) => seeds !== undefined), bugs };
}
