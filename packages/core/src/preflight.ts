/** What preflight looks for beyond what cutting needs anyway, and what it says. */

/** Faults that a policy can let pass. All others (quotes, encoding, field counts, layout) always refuse. */
export const findingRules = [
  "column_missing",
  "column_unknown",
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
  /** Name of the column; a schema field or a column's number, never text that could be data. */
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
