/**
 * The judge of uploaded CSV: a strict RFC 4180 reading by csv-parse, which shares no code with the
 * client that wrote the file.
 *
 * Upsert: a header of schema fields, each once, all of them, then records of as many fields.
 * Delete: no header; 1 column, the key, or 2, the key and a date-time.
 * Both: UTF-8 without byte order mark, comma, LF or CRLF, blank lines skipped.
 * Memory is bounded by the largest record; 16 bytes a row are kept for later.
 */
import { createHash } from "node:crypto";
import type { ObjectSchema, Operation } from "@headgate/core";
import { CsvError, type CsvErrorCode, type InfoRecord, Parser } from "csv-parse";
import type { EmulatorSettings } from "../settings.ts";
import type { PassedFile } from "../state/bulk-jobs.ts";
import { HashSum, hashRecord, hashText } from "../state/record-hash.ts";
import { refusal } from "../state/refusal.ts";
import { RowLog } from "../state/row-log.ts";
import { dateTimePattern } from "../state/streaming.ts";

export interface CsvJudge {
  /** Reads on; resolves when more may come. Throws 400 at the first fault, naming its line. */
  write(chunk: Buffer): Promise<void>;
  /** Ends the file. Throws 400 if it ends too early. */
  end(): Promise<PassedFile>;
  /** Gives up a file that will not end. Safe to call at any time. */
  discard(): void;
}

export interface JudgedAs {
  readonly operation: Operation;
  readonly schema: ObjectSchema;
}

/** A judge for one file. */
export function createCsvJudge(as: JudgedAs, settings: EmulatorSettings): CsvJudge {
  const digest = createHash("sha256");
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  const reader =
    as.operation === "upsert" ? upsertReader(as, settings) : deleteReader(as, settings);
  let bytes = 0;
  const parser = new Parser({
    bom: true,
    record_delimiter: ["\r\n", "\n"],
    skip_empty_lines: true,
    on_record: (record: string[], { lines }: InfoRecord) => {
      reader.record(record, lines);
      return null;
    },
  });
  parser.resume();
  // Without a listener the stream would throw what write and end already report.
  parser.on("error", () => undefined);

  const decode = (chunk: Buffer | undefined): void => {
    try {
      if (chunk === undefined) utf8.decode();
      else utf8.decode(chunk, { stream: true });
    } catch {
      throw refusal(400, `not UTF-8 at or soon after line ${parser.info.lines}`);
    }
  };

  return {
    async write(chunk) {
      refuseByteOrderMark(chunk, bytes, settings);
      bytes += chunk.length;
      digest.update(chunk);
      decode(chunk);
      await new Promise<void>((resolve, reject) => {
        parser.write(chunk, (error) => (error ? reject(translate(error)) : resolve()));
      });
    },
    async end() {
      decode(undefined);
      await new Promise<void>((resolve, reject) => {
        parser.once("error", (error) => reject(translate(error)));
        parser.once("end", resolve);
        parser.end();
      });
      const rows = reader.finish();
      const hash = rows.hash.toString();
      const file = { bytes, rows: rows.rows, hash, sha256: digest.digest("hex") };
      return { file, rows };
    },
    discard() {
      parser.destroy();
    },
  };
}

interface RecordReader {
  record(fields: readonly string[], line: number): void;
  finish(): { readonly rows: number; readonly hash: HashSum; readonly log: RowLog };
}

function upsertReader({ schema }: JudgedAs, settings: EmulatorSettings): RecordReader {
  const rows = rowCollector(settings);
  let keyIndex: number | undefined;
  return {
    record(fields) {
      if (keyIndex === undefined) {
        checkHeader(fields, schema, settings);
        keyIndex = fields.indexOf(schema.primaryKey);
      } else {
        rows.add(fields, keyIndex);
      }
    },
    finish() {
      if (keyIndex === undefined) throw refusal(400, "the file has no header");
      return rows.finish();
    },
  };
}

function deleteReader({ schema }: JudgedAs, settings: EmulatorSettings): RecordReader {
  const rows = rowCollector(settings);
  let first = true;
  return {
    record(fields, line) {
      if (first && fields[0] === schema.primaryKey) {
        throw refusal(400, `line ${line}: a delete file must not have a header`);
      }
      first = false;
      if (fields.length > 2) {
        throw refusal(400, `line ${line}: ${fields.length} columns, a delete file has 1 or 2`);
      }
      const version = fields[1];
      if (version !== undefined && !dateTimePattern.test(version)) {
        throw refusal(400, `line ${line}: column 2 is not a date-time (yyyy-MM-ddTHH:mm:ss.SSSZ)`);
      }
      rows.add(fields, 0);
    },
    finish() {
      if (first) throw refusal(400, "the file has no record");
      return rows.finish();
    },
  };
}

function rowCollector(settings: EmulatorSettings): {
  add(fields: readonly string[], keyIndex: number): void;
  finish(): ReturnType<RecordReader["finish"]>;
} {
  const hash = new HashSum();
  const log = new RowLog();
  const { keepKeys } = settings;
  let rows = 0;
  return {
    add(fields, keyIndex) {
      const record = hashRecord(fields);
      hash.add(record.high, record.low);
      if (keepKeys) log.push(hashText(fields[keyIndex] ?? ""), record);
      rows += 1;
    },
    finish: () => ({ rows, hash, log }),
  };
}

function checkHeader(
  header: readonly string[],
  schema: ObjectSchema,
  settings: EmulatorSettings,
): void {
  const names = schema.fields.map(({ name }) => name);
  const missing = names.filter((name) => !header.includes(name));
  if (missing.length > 0) {
    throw refusal(400, `header lacks ${missing.map(quote).join(", ")} of object ${schema.name}`);
  }
  const unknown = header.filter((name) => !names.includes(name));
  if (unknown.length > 0 && settings.unknownColumns === "refuse") {
    throw refusal(400, `header has ${unknown.length} columns that object ${schema.name} lacks`);
  }
  const doubled = header.findIndex((name, index) => header.indexOf(name) !== index);
  if (doubled >= 0) throw refusal(400, `header column ${doubled + 1} repeats the name of another`);
}

function refuseByteOrderMark(chunk: Buffer, offset: number, settings: EmulatorSettings): void {
  // A mark cut in two by a 1-byte first chunk is not seen here; it then fails as an unknown column.
  if (offset > 0 || settings.byteOrderMark === "accept") return;
  if (chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) {
    throw refusal(400, "line 1: the file begins with a byte order mark");
  }
}

const faultOfCode: Partial<Record<CsvErrorCode, string>> = {
  CSV_INVALID_CLOSING_QUOTE: "a quoted field does not end before a comma or line end",
  INVALID_OPENING_QUOTE: "a quote stands inside an unquoted field",
  CSV_QUOTE_NOT_CLOSED: "a quoted field does not end before the file does",
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: "the record has another number of fields than the first",
};

/** A refusal in place of csv-parse's error, whose message and properties hold cell values. */
function translate(error: Error): Error {
  if (!(error instanceof CsvError)) return error;
  const fault = faultOfCode[error.code] ?? `not CSV (${error.code})`;
  return refusal(400, `line ${String(error.lines)}: ${fault}`);
}

function quote(name: string): string {
  return JSON.stringify(name);
}
