/** Cuts a small CSV text into several, each with the header; records keep their bytes. */
import Papa from "papaparse";

/** Header and records of a CSV text, blank lines left out. */
export function withRecords(csv: string): {
  readonly columns: readonly string[];
  readonly records: readonly (readonly string[])[];
} {
  const [columns = [], ...records] = Papa.parse<string[]>(csv, { skipEmptyLines: true }).data;
  return { columns, records };
}

/**
 * One CSV for each different start of the key column, sorted by it. The key must be the first
 * column and no field may hold a line end, so that a line is a record.
 */
export function splitByKeyStart(
  csv: string,
  by: { readonly key: string; readonly characters: number },
): readonly { readonly start: string; readonly csv: string }[] {
  const [header = "", ...lines] = csv.match(/[^\n]+\n?/g) ?? [];
  if (!header.startsWith(`${by.key},`)) throw new TypeError(`${by.key} is not the first column`);
  const files = new Map<string, string>();
  for (const line of lines) {
    const start = line.slice(0, by.characters);
    files.set(start, (files.get(start) ?? header) + line);
  }
  return [...files].sort().map(([start, text]) => ({ start, csv: text }));
}
