/** Each seeded bug, until an invariant catches it; the seed that does must then do the same again. */
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
    /** Whether that seed went event by event as before when it was run again. */
    readonly repeats: boolean;
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
    let caught: Caught | undefined;
    await runSeeds({
      ...options,
      count: options.seeds,
      bug: name,
      isEnough: ({ violation }) => violation !== undefined,
      onResult({ seed, violation, traceHash }) {
        done++;
        if (violation !== undefined) caught ??= { seed, traceHash, ...violation };
      },
    });
    const repeats = caught !== undefined && (await doesRepeat(name, caught));
    bugs.push({
      name,
      seeds: caught && done,
      seed: caught?.seed,
      invariant: caught?.invariant,
      repeats,
    });
    process.stderr.write(
      `${name}: ${caught === undefined ? `NOT caught within ${done} seeds` : `caught by "${caught.invariant}" at seed ${caught.seed}, after ${done} seeds; ${repeats ? "repeats" : "does NOT repeat"}`}\n`,
    );
  }
  return { ok: bugs.every(({ repeats }) => repeats), bugs };
}

interface Caught {
  readonly seed: number;
  readonly invariant: string;
  readonly traceHash: string;
}

async function doesRepeat(bug: string, { seed, traceHash }: Caught): Promise<boolean> {
  let again = "";
  await runSeeds({
    from: seed,
    count: 1,
    processes: 1,
    bug,
    isEnough: () => true,
    onResult(result) {
      again = result.traceHash;
    },
  });
  return again === traceHash;
}
