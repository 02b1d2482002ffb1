import type { FindingsAnswer } from "../api/findings.ts";
import { showCount, showTable } from "./measures.ts";

/** Findings for people: how many of each rule, then each place. */
export function showFindings(answer: FindingsAnswer): string {
  const { policy, counts, findings } = answer;
  const rules = Object.entries(counts).filter(([, count]) => count > 0);
  if (rules.length === 0) return "no findings";
  const all = rules.reduce((sum, [, count]) => sum + count, 0);
  const lines = [
    `${showCount(all, "finding")} (policy ${policy}): ${rules.map(([rule, count]) => `${rule} ${count}`).join(", ")}`,
    showTable([
      ["RULE", "FILE", "LINE", "COLUMN", "FIRST"],
      ...findings.map(({ rule, uri, line, column, first }) => [
        rule,
        uri,
        String(line),
        column,
        first === undefined ? "" : `${first.uri}:${first.line}`,
      ]),
    ]),
  ];
  if (all > findings.length) lines.push(`the first ${findings.length} are kept`);
  return lines.join("\n");
}
