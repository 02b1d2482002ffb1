/**
 * Holds what an object was given against its sources. For each key the loads say which records it must
 * have been given, in which order; the emulator says which it was given.
 */
import { hash } from "node:crypto";
import { type LoadPlan, rowOf } from "./workload.ts";

/** A load as it ended. */
export interface EndedLoad {
  readonly plan: LoadPlan;
  /** Whether every row of it must have been applied. Of a load that has failed any rows may have been. */
  readonly isComplete: boolean;
}

/** What became of the rows. */
export interface Verdict {
  /** Rows of complete loads. */
  readonly rows: number;
  /** Rows of complete loads that were never applied. */
  readonly rowsMissing: number;
  /** Rows applied after a later version of their key had been: the object held an older value again. */
  readonly rowsDoubled: number;
  /** Rows applied again while they were what the key held: without an effect. */
  readonly rowsResent: number;
  /** Rows that stand in no source. */
  readonly rowsForeign: number;
}

/** Sums of two verdicts. */
export function addVerdicts(a: Verdict, b: Verdict): Verdict {
  return {
    rows: a.rows + b.rows,
    rowsMissing: a.rowsMissing + b.rowsMissing,
    rowsDoubled: a.rowsDoubled + b.rowsDoubled,
    rowsResent: a.rowsResent + b.rowsResent,
    rowsForeign: a.rowsForeign + b.rowsForeign,
  };
}

/** Nothing judged. */
export const noRows: Verdict = {
  rows: 0,
  rowsMissing: 0,
  rowsDoubled: 0,
  rowsResent: 0,
  rowsForeign: 0,
};

/** The records of one key, in the order in which they must come. */
interface KeyHistory {
  readonly wanted: { readonly line: string; readonly isComplete: boolean; isApplied: boolean }[];
  /** Index of the record that the key holds; -1 before the first. */
  holds: number;
  /** The highest index that it has held. */
  furthest: number;
}

/**
 * Judges one object: its loads in their order, and the lines that the emulator tells of it, each
 * `u` or `d`, hash of the key, hash of the record. Where loads `mayRepeat`, as after a Redis that came
 * back as an older copy, an older value may come again if the newer follows: it is doubled only where
 * the key holds it at the end.
 */
export function judgeObject(
  loads: readonly EndedLoad[],
  applied: Iterable<string>,
  { mayRepeat = false }: { readonly mayRepeat?: boolean } = {},
): Verdict {
  const histories = historiesOf(loads);
  let [rowsDoubled, rowsResent, rowsForeign] = [0, 0, 0];
  for (const line of applied) {
    const history = histories.get(line.slice(2, 18));
    const effect = history === undefined ? "foreign" : apply(history, line);
    if (effect === "foreign") rowsForeign++;
    if (effect === "older" && !mayRepeat) rowsDoubled++;
    if (effect === "again" || (effect === "older" && mayRepeat)) rowsResent++;
  }
  let [rows, rowsMissing] = [0, 0];
  for (const { wanted, holds, furthest } of histories.values()) {
    if (mayRepeat && holds < furthest) rowsDoubled++;
    for (const { isComplete, isApplied } of wanted) {
      if (!isComplete) continue;
      rows++;
      if (!isApplied) rowsMissing++;
    }
  }
  return { rows, rowsMissing, rowsDoubled, rowsResent, rowsForeign };
}

function apply(history: KeyHistory, line: string): "next" | "again" | "older" | "foreign" {
  const { wanted, holds } = history;
  if (wanted[holds]?.line === line) return "again";
  let at = wanted.findIndex((record, i) => i > holds && record.line === line);
  const isNewer = at >= 0;
  if (!isNewer) at = wanted.findIndex((record) => record.line === line);
  const record = wanted[at];
  if (record === undefined) return "foreign";
  record.isApplied = true;
  history.holds = at;
  history.furthest = Math.max(history.furthest, at);
  return isNewer ? "next" : "older";
}

function historiesOf(loads: readonly EndedLoad[]): Map<string, KeyHistory> {
  const histories = new Map<string, KeyHistory>();
  const keys = new Map<number, KeyHistory>();
  for (const { plan, isComplete } of loads.toSorted((a, b) => a.plan.version - b.plan.version)) {
    const sign = plan.operation === "upsert" ? "u" : "d";
    for (const { firstKey, rows } of plan.files)
      for (let key = firstKey; key < firstKey + rows; key++) {
        const fields = rowOf(plan, key);
        const keyHash = hash64(fields[0] ?? "");
        let history = keys.get(key);
        if (history === undefined) {
          history = { wanted: [], holds: -1, furthest: -1 };
          keys.set(key, history);
          histories.set(keyHash, history);
        }
        const line = `${sign} ${keyHash} ${hash64(JSON.stringify(fields))}`;
        history.wanted.push({ line, isComplete, isApplied: false });
      }
  }
  return histories;
}

/** As the emulator's README defines it. */
function hash64(text: string): string {
  return hash("sha256", text, "hex").slice(0, 16);
}
