/** Errors about one place in a CSV file. They give positions and sizes, never what stands there. */
import { BulkError, type ErrorCode } from "../errors.ts";

/** Where in which file: line from 1, byte offset from 0. */
export interface CsvPlace {
  readonly uri: string;
  readonly line: number;
  readonly byteOffset: number;
}

/** The file breaks the rule of this code here; `what` reads after the file's name. */
export function csvError(code: ErrorCode, what: string, place: CsvPlace): BulkError {
  const { uri, line, byteOffset } = place;
  return new BulkError(code, `${uri}: ${what} at line ${line} (byte ${byteOffset})`, {
    fields: { uri, line, byteOffset },
  });
}

/** ERR_CSV_RECORD_TOO_LARGE. `bytesSeen` is a lower bound: the record is not read to its end. */
export function recordTooLarge(place: CsvPlace, bytesAllowed: number): BulkError {
  const { uri, line, byteOffset } = place;
  return new BulkError(
    "ERR_CSV_RECORD_TOO_LARGE",
    `${uri}: the record at line ${line} (byte ${byteOffset}) has more than the ${bytesAllowed} bytes that fit`,
    { fields: { uri, line, byteOffset, bytesSeen: bytesAllowed + 1, bytesAllowed } },
  );
}

/** An error about the file as a whole. */
export function csvFileError(code: ErrorCode, what: string, uri: string): BulkError {
  return new BulkError(code, `${uri}: ${what}`, { fields: { uri } });
}
