/** Random CSV loads whose records are known because they were made from them. */
import fc from "fast-check";
import type { ModelSource } from "./greedy-model.ts";

export interface RandomLoad {
  readonly files: readonly Buffer[];
  readonly sources: readonly ModelSource[];
  readonly columns: readonly string[];
  /** Cell values of all records, in order, headers not counted. */
  readonly records: readonly (readonly string[])[];
}

interface Row {
  readonly cells: readonly Cell[];
  readonly blankLines: number;
}

interface Cell {
  readonly value: string;
  readonly quoted: boolean;
}

const character = fc.constantFrom("a", "b", " ", "é", "名", "😀", ",", '"', "\n", "\r\n", "\r");
const cell: fc.Arbitrary<Cell> = fc.record({
  value: fc.string({ unit: character, maxLength: 5 }),
  quoted: fc.boolean(),
});
const blankLines = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 2 }));

function randomFile(columns: number) {
  const row: fc.Arbitrary<Row> = fc.record({
    cells: fc.array(cell, { minLength: columns, maxLength: columns }),
    blankLines,
  });
  return fc.record({
    rows: fc.array(row, { minLength: 1, maxLength: 8 }),
    lineEnd: fc.constantFrom("\n" as const, "\r\n" as const),
    byteOrderMark: fc.boolean(),
    finalLineEnd: fc.boolean(),
    blankAtTop: blankLines,
    blankAtEnd: blankLines,
    quotedHeader: fc.boolean(),
  });
}

/** One to three files; all with a header or none. */
export function randomLoad(withHeader: boolean, maxColumns: number): fc.Arbitrary<RandomLoad> {
  const name = fc.string({ unit: fc.constantFrom("x", "é", ",", '"', "\n"), minLength: 1 });
  const columns = fc.uniqueArray(name, { minLength: 1, maxLength: maxColumns });
  return columns.chain((names) =>
    fc
      .array(randomFile(names.length), { minLength: 1, maxLength: 3 })
      .map((files) => buildLoad(names, files, withHeader)),
  );
}

type RandomFile = ReturnType<typeof randomFile> extends fc.Arbitrary<infer T> ? T : never;

function buildLoad(
  columns: readonly string[],
  randomFiles: readonly RandomFile[],
  withHeader: boolean,
): RandomLoad {
  const sources: ModelSource[] = [];
  const files: Buffer[] = [];
  for (const file of randomFiles) {
    const { lineEnd, finalLineEnd } = file;
    const header = withHeader
      ? encode(columns.map((value) => ({ value, quoted: file.quotedHeader })))
      : undefined;
    const records = file.rows.map(({ cells, blankLines: count }) => {
      return { blank: lineEnd.repeat(count), text: encode(cells) };
    });
    sources.push({ lineEnd, header, records, finalLineEnd });
    const text =
      (file.byteOrderMark ? "\ufeff" : "") +
      lineEnd.repeat(file.blankAtTop) +
      (header === undefined ? "" : header + lineEnd) +
      records.map((record) => record.blank + record.text).join(lineEnd) +
      (finalLineEnd ? lineEnd + lineEnd.repeat(file.blankAtEnd) : "");
    files.push(Buffer.from(text));
  }
  const records = randomFiles.flatMap(({ rows }) =>
    rows.map(({ cells }) => cells.map(({ value }) => value)),
  );
  return { files, sources, columns, records };
}

/** A record without its line end. An empty line would be no record, so it gets quotes. */
function encode(cells: readonly Cell[]): string {
  const text = cells
    .map(({ value, quoted }) =>
      quoted || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value,
    )
    .join(",");
  return text === "" ? '""' : text;
}
