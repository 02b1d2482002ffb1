/** Many seeds: none may violate anything, and each fault, branch and crash point must have come. */
import { addCounts } from "./counters.ts";
import { runSeeds } from "./run-seeds.ts";
import { runTraced } from "./run-traced.ts";
import { mustHappen } from "./sometimes.ts";

/** Fewer seeds need not have met everything. */
const seedsForEverything = 300;
const tellEvery = 100;

export interface ManyReport {
  readonly ok: boolean;
  readonly seeds: number;
  readonly safety: number;
  readonly liveness: number;
  readonly seconds: number;
  readonly events: number;
  readonly violations: readonly {
    readonly seed: number;
    readonly invariant: string;
    readonly message: string;
  }[];
  /** What never happened although it should have. */
  readonly never: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

/** Stops at the tenth seed that violates something. */
const enoughViolations = 10;

export async function runMany(options: {
  readonly from: number;
  readonly seeds: number;
  readonly processes: number;
  readonly bug: string | undefined;
}): Promise<ManyReport> {
  const begun = performance.now();
  const counts = new Map<string, number>();
  const kinds = { safety: 0, liveness: 0 };
  const violations: ManyReport["violations"][number][] = [];
  let [done, events] = [0, 0];
  await runSeeds({
    ...options,
    count: options.seeds,
    traced: "nothing",
    isEnough: () => violations.length >= enoughViolations,
    onResult(result) {
      done++;
      events += result.events;
      kinds[result.kind]++;
      addCounts(counts, result.counts);
      if (result.violation !== undefined) {
        violations.push({ seed: result.seed, ...result.violation });
        say(
          `seed ${result.seed} violates ${result.violation.invariant}: ${result.violation.message}`,
        );
      }
      if (done % tellEvery === 0) say(`${done} of ${options.seeds} seeds, ${seconds(begun)} s`);
    },
  });
  const never = done < seedsForEverything ? [] : mustHappen.filter((name) => !counts.has(name));
  for (const name of never) say(`never happened: ${name}`);
  const [first] = violations;
  if (first !== undefined) {
    say(`again with: npm run simulate -- --seed ${first.seed} --trace`);
    await runTraced({ ...options, seed: first.seed, showsTrace: true, lastLines: 80 });
  }
  for (const [name, count] of [...counts].sort()) say(`  ${String(count).padStart(9)}  ${name}`);
  say(
    `${done} seeds (${kinds.safety} safety, ${kinds.liveness} liveness), ${seconds(begun)} s, ${violations.length} violations`,
  );
  return {
    ok: violations.length === 0 && never.length === 0,
    seeds: done,
    ...kinds,
    seconds: seconds(begun),
    events,
    violations,
    never,
    counts: Object.fromEntries([...counts].sort()),
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function seconds(begun: number): number {
  return Math.round((performance.now() - begun) / 100) / 10;
}
