/** One seed, twice: it must go the same way again. Its trace where it is asked for. */
import { runSeeds } from "./run-seeds.ts";
import type { FromSlice } from "./slice-messages.ts";

export interface TracedReport {
  readonly ok: boolean;
  readonly seed: number;
  readonly kind: string;
  readonly events: number;
  readonly traceHash: string;
  readonly repeats: boolean;
  readonly violation?: { readonly invariant: string; readonly message: string } | undefined;
}

export async function runTraced(options: {
  readonly seed: number;
  readonly bug: string | undefined;
  readonly showsTrace: boolean;
  /** Lines of the trace that are shown. Default all. */
  readonly lastLines?: number;
}): Promise<TracedReport> {
  const first = await one(options);
  const again = await one(options);
  if (options.showsTrace)
    for (const line of first.trace.slice(-(options.lastLines ?? first.trace.length)))
      process.stderr.write(`${line}\n`);
  const repeats = first.traceHash === again.traceHash;
  const { seed, kind, events, traceHash, violation } = first;
  process.stderr.write(
    `seed ${seed} (${kind}): ${events} events, trace ${traceHash}, ${repeats ? "repeats" : "DOES NOT REPEAT"}; ${violation === undefined ? "nothing violated" : `${violation.invariant}: ${violation.message}`}\n`,
  );
  return {
    ok: repeats && violation === undefined,
    seed,
    kind,
    events,
    traceHash,
    repeats,
    violation,
  };
}

async function one(options: {
  readonly seed: number;
  readonly bug: string | undefined;
  readonly showsTrace: boolean;
}): Promise<FromSlice> {
  const results: FromSlice[] = [];
  await runSeeds({
    from: options.seed,
    count: 1,
    bug: options.bug,
    processes: 1,
    traced: options.showsTrace ? "lines" : "hash",
    isEnough: () => true,
    onResult: (result) => void results.push(result),
  });
  const [result] = results;
  if (result === undefined) throw new Error(`seed ${options.seed} gave no result`);
  return result;
}
