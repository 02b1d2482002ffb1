/** The source objects of one load, sized so that they make a given number of full parts. */
import { type GeneratedCsv, generatedCsv, header } from "./content.ts";
import { maxRecordBytes, styles } from "./records.ts";

export interface DataSetSize {
  readonly parts: number;
  /** Most bytes of a part, header included. */
  readonly partBytes: number;
}

/** Shares of the objects in the whole, in the order of their names: some small, some of gigabytes. */
const shares = [1, 2, 3, 5, 8, 13, 13, 8, 5, 3, 2, 1];

/**
 * Twelve objects of four styles. Their sum fills `parts` parts: a part ends at the last record that
 * fits, so each wastes less than a record.
 */
export function createDataSet({ parts, partBytes }: DataSetSize): readonly GeneratedCsv[] {
  const total = parts * (partBytes - header.length - maxRecordBytes);
  const sum = shares.reduce((a, b) => a + b, 0);
  return shares.map((share, index) => {
    const name = `${String.fromCharCode(65 + index)}.csv`;
    const style = styles[index % styles.length] ?? "plain";
    return generatedCsv(name, style, Math.floor((total * share) / sum));
  });
}
