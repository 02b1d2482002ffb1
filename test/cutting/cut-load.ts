/** Cuts loads held in memory through core's public API, and reads CSV with csv-parse, not with it. */
import {
  bodyPieces,
  bytes,
  createPartPlanner,
  type Part,
  type PartPlannerOptions,
  type PlanSummary,
  type SourceObject,
} from "@headgate/core";
import { parse } from "csv-parse/sync";

export interface Cut {
  readonly parts: readonly Part[];
  readonly bodies: readonly Buffer[];
  readonly summary: PlanSummary;
}

export interface CutOptions
  extends Partial<Pick<PartPlannerOptions, "operation" | "header" | "schema">> {
  readonly maxPartBytes: number;
  /** Sizes of the chunks, used in turn. Default: each file in one chunk. */
  readonly chunkSizes?: readonly number[];
}

/** Plans the files as one load and puts the bodies of its parts together. */
export function cutLoad(files: readonly Buffer[], options: CutOptions): Cut {
  const { operation = "upsert", header = "present", schema, chunkSizes = [] } = options;
  const parts: Part[] = [];
  const planner = createPartPlanner({
    operation,
    header,
    schema,
    maxPartBytes: bytes(options.maxPartBytes),
    onPart: (part) => parts.push(part),
  });
  const sources: SourceObject[] = files.map((file, index) => {
    return { uri: `file:///${index}`, bytes: bytes(file.length), pin: "1" };
  });
  let turn = 0;
  for (const [index, file] of files.entries()) {
    planner.beginSource({ uri: `file:///${index}`, bytes: file.length });
    for (let at = 0; at < file.length; ) {
      const size = chunkSizes[turn++ % chunkSizes.length] ?? file.length;
      planner.push(file.subarray(at, at + size));
      at += size;
    }
    planner.endSource();
  }
  const summary = planner.end();
  const bodies = parts.map((part) => {
    const pieces = bodyPieces(part, sources, summary.header).map((piece) => {
      if (piece.kind === "literal") return Buffer.from(piece.text);
      const file = files[sources.indexOf(piece.object)];
      return file?.subarray(piece.range.from, piece.range.to) ?? Buffer.alloc(0);
    });
    return Buffer.concat(pieces);
  });
  return { parts, bodies, summary };
}

/** All records of a CSV text by csv-parse, which finds the line end by itself, once a file. */
export function readRecords(csv: Buffer): readonly (readonly string[])[] {
  return parse(csv, { skip_empty_lines: true, columns: false });
}

/** The text of each record with its line end, cut where csv-parse says that records end. */
export function readRecordTexts(csv: Buffer): readonly string[] {
  const ends: number[] = [];
  parse(csv, {
    skip_empty_lines: true,
    columns: false,
    on_record: (record, context) => {
      ends.push(context.bytes);
      return record;
    },
  });
  return ends.map((end, index) => csv.subarray(ends[index - 1] ?? 0, end).toString());
}
