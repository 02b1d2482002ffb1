/**
 * Finds the records of one CSV file in a stream of bytes and refuses all that is not RFC 4180 in
 * UTF-8: comma, `"` doubled inside quotes, lines ending in LF or CRLF, any character inside quotes.
 *
 * Between two bytes the scanner is in one of five states:
 *   fieldStart    a field begins: a quote opens a quoted one, anything else an unquoted one
 *   unquoted      in a field without quotes: comma and line end close it, a quote is stray
 *   quoted        between quotes: only a quote means anything
 *   afterQuote    after a quote in a quoted field: a second one is a character, comma and line end
 *                 close the field, anything else is stray
 *   afterReturn   after a CR outside quotes: only LF may follow
 * A line end at the very start of a record is a blank line, which is no record.
 *
 * All state outlives the chunk, so records and errors are the same however the bytes are chunked.
 */
import type { BulkError, ErrorCode } from "../errors.ts";
import { csvError, recordTooLarge } from "./csv-error.ts";
import { utf8Leads } from "./utf8.ts";

/** How a line of the file ends; "" where the file ends first. */
export type LineEnd = "" | "\n" | "\r\n";

/** One record, by position only. */
export interface ScannedRecord {
  /** Offset of its first byte in the file. */
  readonly start: number;
  /** Offset after its line end, or the file's length where it has none. */
  readonly end: number;
  /** Number of the physical line its first byte stands on, from 1. */
  readonly line: number;
  /** How many fields it has, at least 1. */
  readonly fields: number;
  readonly lineEnd: LineEnd;
}

/** Takes one file's bytes in order. Of no further use once a call has thrown. */
export interface RecordScanner {
  /** Offset where the record under way began, or where the next one may begin. */
  readonly recordStart: number;
  /**
   * Scans the next bytes, calling back once for each record they end. Keeps no reference to them.
   * Throws BulkError with the fields `uri`, `line` and `byteOffset`: ERR_CSV_STRAY_QUOTE,
   * ERR_CSV_BARE_CR, ERR_CSV_NOT_UTF8, ERR_CSV_RECORD_TOO_LARGE, and whatever `onRecord` throws.
   */
  push(chunk: Uint8Array): void;
  /** Ends the file. Throws as `push` does, and ERR_CSV_UNCLOSED_QUOTE at the quote that opened. */
  end(): void;
  /** From the next record end or push on, a longer record is ERR_CSV_RECORD_TOO_LARGE. */
  limitRecords(maxRecordBytes: number): void;
  /**
   * From the next record on, the place of each comma between its fields, from 0 as far as there is
   * room, is how many bytes it lies behind the record's first one.
   */
  trackCommas(commas: Int32Array): void;
}

export interface RecordScannerOptions {
  /** Names the file in errors. */
  readonly uri: string;
  readonly onRecord: (record: ScannedRecord) => void;
  /** Most bytes of one record with its line end, at least 1. Default: no limit. */
  readonly maxRecordBytes?: number;
}

const fieldStart = 0;
const unquoted = 1;
const quoted = 2;
const afterQuote = 3;
const afterReturn = 4;
type State =
  | typeof fieldStart
  | typeof unquoted
  | typeof quoted
  | typeof afterQuote
  | typeof afterReturn;

const lf = 0x0a;
const cr = 0x0d;
const quote = 0x22;
const comma = 0x2c;
const byteOrderMark = Uint8Array.of(0xef, 0xbb, 0xbf);

/** Bytes that mean nothing outside quotes, and inside quotes: 1, all others 0. */
const plainOutside = new Uint8Array(256).fill(1, 0, 0x80);
const plainInside = plainOutside.slice();
for (const special of [lf, cr, quote, comma]) plainOutside[special] = 0;
for (const special of [lf, quote]) plainInside[special] = 0;

const untracked = new Int32Array(0);

/** A scanner for one file, at its first byte. A UTF-8 byte order mark there is skipped. */
export function createRecordScanner(options: RecordScannerOptions): RecordScanner {
  const { uri, onRecord } = options;
  // The CR of a blank line is no record, but looks like one of 1 byte until its LF comes.
  const atLeastOne = (limit: number) => Math.max(1, limit);
  let maxRecordBytes = atLeastOne(options.maxRecordBytes ?? Number.POSITIVE_INFINITY);
  let offset = 0;
  let state: State = fieldStart;
  let line = 1;
  let fields = 1;
  let recordStart = 0;
  let recordLine = 1;
  let commas: Int32Array = untracked;
  let quoteOffset = 0;
  let quoteLine = 1;
  // The UTF-8 sequence under way: bytes still to come, range of the next one, offset of the first.
  let following = 0;
  let low = 0x80;
  let high = 0xbf;
  let sequenceOffset = 0;
  /** How many bytes of a byte order mark have matched; 3 once that question is settled. */
  let markBytes = 0;

  /** The error found at `offset + at`, unless the record was too long before that byte. */
  function refusal(code: ErrorCode, what: string, at: number, where: number, onLine = line) {
    if (offset + at - recordStart >= maxRecordBytes) return tooLarge();
    return csvError(code, what, { uri, line: onLine, byteOffset: where });
  }

  function tooLarge(): BulkError {
    return recordTooLarge({ uri, line: recordLine, byteOffset: recordStart }, maxRecordBytes);
  }

  function endRecord(end: number, lineEnd: LineEnd): void {
    if (end - recordStart > maxRecordBytes) throw tooLarge();
    onRecord({ start: recordStart, end, line: recordLine, fields, lineEnd });
  }

  function startRecord(start: number): void {
    recordStart = start;
    recordLine = line;
    fields = 1;
    state = fieldStart;
  }

  /** One loop and no calls per byte: this is the whole cost of cutting. */
  function scan(chunk: Uint8Array): void {
    const length = chunk.length;
    let at = 0;
    while (at < length) {
      let byte = chunk[at] as number;
      if (following > 0) {
        if (byte < low || byte > high) {
          throw refusal("ERR_CSV_NOT_UTF8", "is not UTF-8", at, sequenceOffset);
        }
        low = 0x80;
        high = 0xbf;
        following--;
        at++;
        while (following > 0 && at < length && ((chunk[at] as number) & 0xc0) === 0x80) {
          following--;
          at++;
        }
        continue;
      }
      if (state === fieldStart) {
        state = unquoted;
        if (byte === quote) {
          state = quoted;
          quoteOffset = offset + at;
          quoteLine = line;
          at++;
          continue;
        }
      }
      if (state === unquoted || state === quoted) {
        const plain = state === quoted ? plainInside : plainOutside;
        while (plain[byte] === 1) {
          if (++at === length) break;
          byte = chunk[at] as number;
        }
        if (at === length) break;
        if (byte >= 0x80) {
          const lead = utf8Leads[byte] as number;
          sequenceOffset = offset + at;
          if (lead === 0) throw refusal("ERR_CSV_NOT_UTF8", "is not UTF-8", at, sequenceOffset);
          following = lead & 0xff;
          low = (lead >> 8) & 0xff;
          high = lead >> 16;
          at++;
          continue;
        }
        if (state === quoted) {
          if (byte === lf) line++;
          else state = afterQuote;
          at++;
          continue;
        }
      }
      if (state === afterReturn) {
        if (byte !== lf) {
          throw refusal("ERR_CSV_BARE_CR", bareReturn, at, offset + at - 1);
        }
        line++;
        at++;
        if (offset + at - 2 !== recordStart) endRecord(offset + at, "\r\n");
        startRecord(offset + at);
      } else if (byte === comma) {
        if (fields <= commas.length) commas[fields - 1] = offset + at - recordStart;
        fields++;
        state = fieldStart;
        at++;
      } else if (byte === lf) {
        line++;
        at++;
        if (offset + at - 1 !== recordStart) endRecord(offset + at, "\n");
        startRecord(offset + at);
      } else if (byte === cr) {
        state = afterReturn;
        at++;
      } else if (state === afterQuote && byte === quote) {
        state = quoted;
        at++;
      } else {
        const what = state === afterQuote ? textAfterQuote : quoteInField;
        throw refusal("ERR_CSV_STRAY_QUOTE", what, at, offset + at);
      }
    }
    offset += length;
    if (offset - recordStart > maxRecordBytes) throw tooLarge();
  }

  /** Bytes that look like a byte order mark wait until it is whole or broken off. */
  function settleMark(chunk: Uint8Array): Uint8Array {
    let at = 0;
    while (markBytes < 3 && at < chunk.length) {
      const byte = chunk[at];
      if (markBytes === 0 && (byte === 0xfe || byte === 0xff)) {
        throw csvError("ERR_CSV_NOT_UTF8", utf16, { uri, line: 1, byteOffset: 0 });
      }
      if (byte !== byteOrderMark[markBytes]) {
        releaseMark();
        break;
      }
      at++;
      markBytes++;
      if (markBytes === 3) {
        offset = 3;
        startRecord(3);
      }
    }
    return chunk.subarray(at);
  }

  function releaseMark(): void {
    const matched = markBytes;
    markBytes = 3;
    if (matched < 3) scan(byteOrderMark.subarray(0, matched));
  }

  return {
    get recordStart() {
      return recordStart;
    },
    push(chunk) {
      scan(settleMark(chunk));
    },
    end() {
      releaseMark();
      if (following > 0) {
        throw refusal("ERR_CSV_NOT_UTF8", "ends within a UTF-8 sequence", -1, sequenceOffset);
      }
      if (state === quoted) {
        throw refusal("ERR_CSV_UNCLOSED_QUOTE", unclosed, -1, quoteOffset, quoteLine);
      }
      if (state === afterReturn) {
        throw refusal("ERR_CSV_BARE_CR", bareReturn, -1, offset - 1);
      }
      if (offset > recordStart) endRecord(offset, "");
    },
    limitRecords(limit) {
      maxRecordBytes = atLeastOne(limit);
    },
    trackCommas(places) {
      commas = places;
    },
  };
}

const quoteInField = "has a quote inside a field that does not begin with one";
const textAfterQuote = "has text between a closing quote and the end of the field";
const bareReturn = "has a carriage return outside quotes without a line feed after it";
const unclosed = "has a quoted field that never ends; it opens";
const utf16 = "begins with the byte order mark of UTF-16; only UTF-8 is read; seen";
