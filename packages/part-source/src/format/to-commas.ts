/** Rewrites delimited text as RFC 4180: commas between fields, LF after records. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CsvError, type Info, parse } from "csv-parse";
import { stringify } from "csv-stringify/sync";
import { formatError } from "./format-error.ts";

export interface ToCommasOptions {
  readonly uri: string;
  readonly delimiter: string;
  /** Most bytes of one record. */
  readonly maxRecordBytes: number;
}

/** What csv-parse yields with `info`. */
interface ParsedRecord {
  readonly info: Info;
  readonly record: readonly string[];
}

/** Records that are written at a time. */
const batchRecords = 500;

/**
 * Yields the same records in the same lines. How many fields a record has is not judged here.
 * Throws ERR_SOURCE_FORMAT with the line of a quote that stands where RFC 4180 allows none, of one
 * that does not end, or of a record over the limit.
 */
export async function* toCommas(
  text: AsyncIterable<string>,
  options: ToCommasOptions,
): AsyncGenerator<Uint8Array> {
  const parser = parse({
    delimiter: options.delimiter,
    record_delimiter: ["\r\n", "\n"],
    relax_column_count: true,
    max_record_size: options.maxRecordBytes,
    // Counted, so that they can be written again: a line of "" is a record, a blank one is not.
    skip_empty_lines: true,
    info: true,
  });
  const flow = pipeline(Readable.from(text, { highWaterMark: 1 }), parser);
  // Its failure comes out of the parser too.
  flow.catch(() => {});
  try {
    const records: AsyncIterable<ParsedRecord> = parser;
    yield* inBatches(records);
  } catch (error) {
    throw fromParserError(error, options);
  } finally {
    parser.destroy();
    await flow.catch(() => {});
  }
}

async function* inBatches(records: AsyncIterable<ParsedRecord>): AsyncGenerator<Uint8Array> {
  let batch: (readonly string[])[] = [];
  let blankLines = 0;
  for await (const { info, record } of records) {
    const isEmptyField = record.length === 1 && record[0] === "";
    if (isEmptyField || info.empty_lines > blankLines || batch.length === batchRecords) {
      yield Buffer.from(stringify(batch, written) + "\n".repeat(info.empty_lines - blankLines));
      batch = [];
      blankLines = info.empty_lines;
    }
    if (isEmptyField) yield Buffer.from('""\n');
    else batch.push(record);
  }
  if (batch.length > 0) yield Buffer.from(stringify(batch, written));
}

/** A lone CR is quoted too, or it would no longer be part of its field. */
const written = { quoted_match: /\r/, record_delimiter: "\n" } as const;

function fromParserError(error: unknown, { uri, maxRecordBytes }: ToCommasOptions): unknown {
  if (!(error instanceof CsvError)) return error;
  // No cause: the parser's message quotes the text.
  const line = Number(error.lines);
  switch (error.code) {
    case "CSV_MAX_RECORD_SIZE":
      return formatError(
        uri,
        `has a record of more than ${maxRecordBytes} bytes, which are allowed, at line ${line}`,
        { line, bytesAllowed: maxRecordBytes },
      );
    case "CSV_QUOTE_NOT_CLOSED":
      return formatError(uri, `has a quoted field that does not end, at line ${line}`, { line });
    case "INVALID_OPENING_QUOTE":
    case "CSV_INVALID_CLOSING_QUOTE":
      return formatError(uri, `has a quote where RFC 4180 allows none, at line ${line}`, { line });
    default:
      return formatError(uri, `is not delimited text, at line ${line} (${error.code})`, {
        line,
        reason: error.code,
      });
  }
}
