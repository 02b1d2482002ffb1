/** The header of a load: each of its files has the same, or, for delete, each has it or none. */
import { BulkError } from "../errors.ts";
import type { HeaderMode } from "../load.ts";
import type { FindingsLog, PreflightPolicy } from "../preflight.ts";
import type { Operation } from "../target.ts";
import {
  type CsvHeader,
  checkHeader,
  checkSameHeader,
  type HeaderSchema,
  headerAmongData,
  isHeader,
  parseRecord,
} from "./header.ts";
import { type HeaderBytes, headerLine, headerLineBytes, noHeaderBytes } from "./header-line.ts";
import type { LineEnd } from "./record-scanner.ts";

export interface LoadHeaderOptions {
  readonly operation: Operation;
  /** See `PartPlannerOptions`. */
  readonly mode: HeaderMode;
  readonly schema: HeaderSchema | undefined;
  readonly policy: PreflightPolicy;
  readonly findings: Pick<FindingsLog, "add"> | undefined;
}

/** The first record of a file. */
export interface FirstLine {
  readonly uri: string;
  readonly line: number;
  readonly text: string;
  readonly lineEnd: LineEnd;
}

export interface LoadHeader {
  /** Whether a first record can be a header at all, so that its text is needed. */
  readonly isPossible: boolean;
  /** Whether every first record is a header, whatever it says. */
  readonly isCertain: boolean;
  /** Whether this is a header, which is then checked and kept. Throws as `checkHeader` does. */
  take(first: FirstLine): boolean;
  /** Names of the columns in file order; none until a header was taken. */
  readonly columns: readonly string[];
  /** The line that each part begins with, as in the first file; "" for delete. */
  readonly line: string;
  readonly bytes: HeaderBytes;
}

/** The header before the first file. Throws ERR_REQUEST_INVALID where the options contradict. */
export function createLoadHeader(options: LoadHeaderOptions): LoadHeader {
  checkOptions(options);
  const { operation, mode, schema, policy, findings } = options;
  const isCertain = operation === "upsert" || mode === "present";
  let first: CsvHeader | undefined;
  let line = "";
  let bytes = noHeaderBytes;

  return {
    isPossible: isCertain || schema !== undefined,
    isCertain,
    take({ text, lineEnd, ...place }) {
      const found: CsvHeader = { ...place, columns: parseRecord(text) };
      if (!isCertain) {
        if (schema === undefined || !isHeader(found.columns, schema)) return false;
        if (mode === "absent") {
          if (found.columns[0] === schema.primaryKey) throw headerAmongData(found);
          return false;
        }
      }
      for (const finding of checkHeader({ ...found, operation, schema, policy }))
        findings?.add(finding);
      if (first !== undefined) checkSameHeader(first, found);
      else if (operation === "upsert") {
        line = headerLine(text, lineEnd === "" ? "\n" : lineEnd);
        bytes = headerLineBytes(line);
      }
      first ??= found;
      return true;
    },
    get columns() {
      return first?.columns ?? [];
    },
    get line() {
      return line;
    },
    get bytes() {
      return bytes;
    },
  };
}

function checkOptions({ operation, mode, schema }: LoadHeaderOptions): void {
  const contradiction =
    operation === "upsert" && mode === "absent"
      ? "an upsert file without a header has no column names"
      : operation === "delete" && mode === "detect" && schema === undefined
        ? "a header cannot be detected without the fields of the schema"
        : undefined;
  if (contradiction === undefined) return;
  throw new BulkError("ERR_REQUEST_INVALID", `header "${mode}" of ${operation}: ${contradiction}`, {
    fields: { operation, header: mode },
  });
}
