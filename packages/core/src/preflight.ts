/** What preflight looks for beyond what cutting needs anyway, and what it says. */
import { BulkError } from "./errors.ts";

/** Faults that a policy can let pass. All others (quotes, encoding, field counts, layout) always refuse. */
export const findingRules = [
  "column_missing",
  "column_unknown",
  "line_end_mixed",
  "value_number",
  "value_boolean",
  "value_date",
  "value_date_time",
  "key_empty",
  "key_doubled",
] as const;
export type FindingRule = (typeof findingRules)[number];

/** `refuse`: a load with a finding fails before a slot is spent. `warn`: it is loaded and the findings are kept. */
export const preflightPolicies = ["refuse", "warn"] as const;
export type PreflightPolicy = (typeof preflightPolicies)[number];

/** What is looked for in a load's records. */
export interface PreflightSettings {
  /** Default `refuse`. */
  readonly policy: PreflightPolicy;
  /** Number, boolean, date and date-time syntax and empty keys, in every record. Default true. */
  readonly values: boolean;
  /** Primary keys that come twice anywhere in the load. Costs scratch space on disk. Default false. */
  readonly duplicates: boolean;
}

/** The defaults named in `PreflightSettings`. */
export const defaultPreflight: PreflightSettings = {
  policy: "refuse",
  values: true,
  duplicates: false,
};

/** One fault at one place. Never holds a cell's value. */
export interface Finding {
  readonly rule: FindingRule;
  readonly uri: string;
  /** Physical line on which the record begins, from 1. */
  readonly line: number;
  /**
   * A field of the schema, or `column 3` where its name could be data; "" where the fault is not one
   * column's (`line_end_mixed`).
   */
  readonly column: string;
  /** For `key_doubled`: where the key came first. */
  readonly first?: { readonly uri: string; readonly line: number } | undefined;
}

/** Findings of a load: all counted, the first ones kept. */
export interface Findings {
  readonly policy: PreflightPolicy;
  readonly counts: Readonly<Partial<Record<FindingRule, number>>>;
  /** In the order found, at most `maxFindingsKept`. */
  readonly findings: readonly Finding[];
}

/** Findings kept of one load: 1,000. */
export const maxFindingsKept = 1000;

/** All rules together. */
export function findingsTotal({ counts }: Pick<Findings, "counts">): number {
  return findingRules.reduce((sum, rule) => sum + (counts[rule] ?? 0), 0);
}

/** Findings of a load in which none were found. */
export function noFindings(policy: PreflightPolicy): Findings {
  return { policy, counts: {}, findings: [] };
}

/** Collects the findings of one load. */
export interface FindingsLog {
  add(finding: Finding): void;
  /** Counts `count` findings of a rule, of which `first` are to be kept as far as there is room. */
  addMany(rule: FindingRule, count: number, first: readonly Finding[]): void;
  findings(): Findings;
}

/** An empty log of a load with this policy. */
export function createFindingsLog(policy: PreflightPolicy): FindingsLog {
  const counts: Partial<Record<FindingRule, number>> = {};
  const kept: Finding[] = [];
  function addMany(rule: FindingRule, count: number, first: readonly Finding[]): void {
    if (count === 0) return;
    counts[rule] = (counts[rule] ?? 0) + count;
    kept.push(...first.slice(0, maxFindingsKept - kept.length));
  }
  return {
    add: (finding) => addMany(finding.rule, 1, [finding]),
    addMany,
    findings: () => ({ policy, counts: { ...counts }, findings: kept.slice() }),
  };
}

/**
 * ERR_PREFLIGHT_REFUSED where there are findings and the policy refuses them, else undefined. Names
 * the counts by rule and the first finding; fields `findings`, `counts`, `rule`, `uri`, `line`, `column`.
 */
export function preflightRefusal({ policy, counts, findings }: Findings): BulkError | undefined {
  const [first] = findings;
  if (policy === "warn" || first === undefined) return undefined;
  const { rule, uri, line, column } = first;
  const found = findingsTotal({ counts });
  const listed = findingRules
    .filter((name) => counts[name] !== undefined)
    .map((name) => `${name} ${counts[name]}`)
    .join(", ");
  const where = `${uri} line ${line}${column === "" ? "" : `, ${column}`}`;
  return new BulkError(
    "ERR_PREFLIGHT_REFUSED",
    `preflight found ${found} ${found === 1 ? "fault" : "faults"} (${listed}); the first is ${rule} at ${where}`,
    { fields: { findings: found, counts: listed, rule, uri, line, column } },
  );
}
