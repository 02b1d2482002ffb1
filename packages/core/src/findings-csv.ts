/** Findings as CSV, for spreadsheets and scripts. */
import type { Findings } from "./preflight.ts";

const columns = ["uri", "line", "column", "rule", "firstUri", "firstLine"] as const;

/**
 * One record a finding, RFC 4180 with a header and CRLF. A field that a spreadsheet would take for a
 * formula begins with an apostrophe, for file names come from outside (OWASP, "CSV Injection").
 */
export function findingsCsv({ findings }: Pick<Findings, "findings">): string {
  const records = findings.map(({ uri, line, column, rule, first }) => [
    ...[uri, line, column, rule],
    ...[first?.uri ?? "", first?.line ?? ""],
  ]);
  return [columns, ...records]
    .map((record) => `${record.map((field) => csvField(String(field))).join(",")}\r\n`)
    .join("");
}

function csvField(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
