/**
 * Works out the parts of one load from the bytes of its source objects, read once and in order.
 * Headers are read and checked here, records found by the scanner, parts filled by the packer. No
 * chunk border plays a role: the same pinned sources always give the same parts, or the same error.
 */
import { BulkError } from "../errors.ts";
import { maxPartBytes as publishedMaxPartBytes } from "../limits.ts";
import type { HeaderMode } from "../load.ts";
import type { Part } from "../part.ts";
import type { FindingsLog, PreflightSettings } from "../preflight.ts";
import type { Operation } from "../target.ts";
import { type Bytes, bytes } from "../units.ts";
import { csvFileError, recordTooLarge } from "./csv-error.ts";
import { createFirstRecord, type FirstRecord, maxHeaderBytes } from "./first-record.ts";
import { checkDeleteLayout, type HeaderSchema } from "./header.ts";
import { createLoadHeader } from "./load-header.ts";
import { createPartPacker } from "./part-packer.ts";
import { createRecordBytes, type RecordBytes } from "./record-bytes.ts";
import {
  createRecordScanner,
  type LineEnd,
  type RecordScanner,
  type ScannedRecord,
} from "./record-scanner.ts";
import { createRowCheck, type RowCheck, type TakeKey } from "./row-check.ts";
import { decodeUtf8 } from "./utf8.ts";

export interface PartPlannerOptions {
  readonly operation: Operation;
  /**
   * Whether a source object begins with a header. Upsert files always do: "present" and "detect"
   * mean the same. For delete, where no part has a header, "present" drops the first record,
   * "absent" takes it as data, and "detect" takes it as a header if and only if each of its fields
   * is the name of a schema field, case included. Where "absent" stands, such a header that begins
   * with the key's name is refused.
   */
  readonly header: HeaderMode;
  /** The object in the connector's schema. Undefined: not known. Needed to detect. */
  readonly schema?: HeaderSchema | undefined;
  /** What is looked for beyond what is always refused. Absent: nothing. */
  readonly preflight?: PlannerPreflight | undefined;
  /** Most bytes of one part, header included. Default: the API's limit, 150,000,000. */
  readonly maxPartBytes?: Bytes | undefined;
  /** Takes the parts in order, each as soon as it is complete. */
  readonly onPart: (part: Part) => void;
}

/** What is looked for in the records, and where it goes. */
export interface PlannerPreflight {
  readonly settings: PreflightSettings;
  readonly findings: FindingsLog;
  /** Called for each key if `settings.duplicates`. */
  readonly onKey: TakeKey;
}

/** What all parts of a load have in common, and their sums. */
export interface PlanSummary {
  /** The header line of each part with its line end; "" for delete. See `bodyPieces`. */
  readonly header: string;
  /** Column names in file order; none where a delete load has no header. */
  readonly columns: readonly string[];
  readonly records: number;
  readonly parts: number;
  /** Bytes of all bodies, headers included. */
  readonly bytes: Bytes;
}

/**
 * Takes the source objects of one load: for each `beginSource`, its bytes by `push`, `endSource`;
 * then `end`. Of no further use once a call has thrown a BulkError. Each names the file (`uri`)
 * and, but for the whole-file ones, `line`: the codes of `RecordScanner` and `checkHeader`, and
 * ERR_CSV_HEADER_DIFFERS, ERR_CSV_FIELD_COUNT, ERR_CSV_EMPTY, ERR_CSV_HEADER_ONLY,
 * ERR_SOURCE_TRUNCATED and ERR_SOURCE_CHANGED (fewer or more bytes than were pinned).
 */
export interface PartPlanner {
  /** Without `bytes` its length is known only once it ends. */
  beginSource(source: { readonly uri: string; readonly bytes?: number | undefined }): void;
  /** Scans the next bytes and keeps no reference to them. */
  push(chunk: Uint8Array): void;
  endSource(): void;
  /** Completes the last part. */
  end(): PlanSummary;
}

interface OpenSource {
  readonly number: number;
  readonly uri: string;
  readonly bytes: number | undefined;
  readonly scanner: RecordScanner;
  readonly recordBytes: RecordBytes;
  pushed: number;
  /** Undefined once the first record is known, or where it cannot be a header. */
  first: FirstRecord | undefined;
  /** Undefined before the first record. */
  lineEnd: LineEnd | undefined;
  mixesLineEnds: boolean;
  hasRecords: boolean;
}

/** A planner at the start of a load. Throws ERR_REQUEST_INVALID where the options contradict. */
export function createPartPlanner(options: PartPlannerOptions): PartPlanner {
  const { operation, schema, preflight } = options;
  const maxPartBytes = options.maxPartBytes ?? publishedMaxPartBytes;
  const header = createLoadHeader({
    operation,
    mode: options.header,
    schema,
    policy: preflight?.settings.policy ?? "refuse",
    findings: preflight?.findings,
  });
  const packer = createPartPacker({ maxPartBytes, onPart: options.onPart });

  let sources = 0;
  let open: OpenSource | undefined;
  let fieldsPerRecord: number | undefined;
  /** Of a delete from the start; of an upsert once a header has told its columns. */
  let rowCheck = rowCheckOf();

  function rowCheckOf(): RowCheck | undefined {
    if (preflight === undefined) return undefined;
    return createRowCheck({ ...preflight, operation, columns: header.columns, schema });
  }

  function openSource(): OpenSource {
    if (open === undefined) throw new TypeError("no source object has begun");
    return open;
  }

  function takeRecord(record: ScannedRecord): void {
    const source = openSource();
    if (source.lineEnd === undefined) {
      source.lineEnd = record.lineEnd;
      const isHeader = takeHeader(source, record);
      source.first = undefined;
      source.scanner.limitRecords(roomFor(record.lineEnd));
      if (isHeader) return;
    }
    const { number, lineEnd } = source;
    checkFieldCount(source, record);
    checkLineEnd(source, record);
    rowCheck?.check(source.uri, record, source.recordBytes.of(record));
    if (!packer.add({ source: number, record, lineEnd, headerBytes: header.bytes })) {
      const place = { uri: source.uri, line: record.line, byteOffset: record.start };
      throw recordTooLarge(place, roomFor(lineEnd));
    }
    source.hasRecords = true;
  }

  /** Whether the first record of a source object is a header. */
  function takeHeader({ uri, first, scanner }: OpenSource, record: ScannedRecord): boolean {
    const encoded = first?.bytesOf(record);
    if (encoded === undefined) return false;
    const { line, lineEnd, fields } = record;
    if (!header.take({ uri, line, lineEnd, text: decodeUtf8(encoded) })) return false;
    fieldsPerRecord ??= fields;
    rowCheck ??= rowCheckOf();
    if (rowCheck !== undefined) scanner.trackCommas(rowCheck.commas);
    return true;
  }

  function checkFieldCount({ uri, hasRecords }: OpenSource, { line, fields }: ScannedRecord): void {
    if (operation === "delete" && !hasRecords) checkDeleteLayout({ uri, line }, fields);
    fieldsPerRecord ??= fields;
    if (fields === fieldsPerRecord) return;
    throw new BulkError(
      "ERR_CSV_FIELD_COUNT",
      `${uri}: the record at line ${line} has ${fields} fields, not ${fieldsPerRecord}`,
      { fields: { uri, line, fieldsSeen: fields, fieldsAllowed: fieldsPerRecord } },
    );
  }

  /** A reader that takes the first line's end for all may give the last column a CR. */
  function checkLineEnd(source: OpenSource, { line, lineEnd }: ScannedRecord): void {
    const { uri } = source;
    if (lineEnd === source.lineEnd || lineEnd === "" || source.mixesLineEnds) return;
    source.mixesLineEnds = true;
    preflight?.findings.add({ rule: "line_end_mixed", uri, line, column: "" });
  }

  /** Most bytes of a record in a part of its own. */
  function roomFor(lineEnd: LineEnd): number {
    return Math.max(0, maxPartBytes - header.bytes[lineEnd === "" ? "\n" : lineEnd]);
  }

  return {
    beginSource({ uri, bytes: pinned }) {
      if (open !== undefined) throw new TypeError("the source object before has not ended");
      // Of the first record only: a header may be longer than a part where it is dropped.
      const maxRecordBytes = header.isCertain
        ? maxHeaderBytes
        : Math.max(maxHeaderBytes, maxPartBytes);
      open = {
        number: sources,
        uri,
        bytes: pinned,
        scanner: createRecordScanner({ uri, onRecord: takeRecord, maxRecordBytes }),
        recordBytes: createRecordBytes(),
        pushed: 0,
        first: header.isPossible ? createFirstRecord() : undefined,
        lineEnd: undefined,
        mixesLineEnds: false,
        hasRecords: false,
      };
      if (rowCheck !== undefined) open.scanner.trackCommas(rowCheck.commas);
      sources++;
    },
    push(chunk) {
      const source = openSource();
      source.pushed += chunk.length;
      checkLength(source, "ERR_SOURCE_CHANGED");
      source.first?.keep(chunk);
      source.recordBytes.begin(chunk);
      source.scanner.push(chunk);
      source.first?.trim(source.scanner.recordStart);
      if (rowCheck !== undefined) source.recordBytes.keep(source.scanner.recordStart);
    },
    endSource() {
      const source = openSource();
      checkLength(source, "ERR_SOURCE_TRUNCATED");
      source.recordBytes.begin(noBytes);
      source.scanner.end();
      if (source.lineEnd === undefined) {
        throw csvFileError("ERR_CSV_EMPTY", "has no record", source.uri);
      }
      if (!source.hasRecords) {
        throw csvFileError("ERR_CSV_HEADER_ONLY", "has a header and no record", source.uri);
      }
      open = undefined;
    },
    end() {
      if (open !== undefined) throw new TypeError("the last source object has not ended");
      const { bytes: total, ...sums } = packer.end();
      return { header: header.line, columns: header.columns, ...sums, bytes: bytes(total) };
    },
  };
}

const noBytes = new Uint8Array(0);

/** Throws this error where a source object has more, or fewer, bytes than were pinned. */
function checkLength(
  { uri, pushed: bytesSeen, bytes: bytesAllowed }: OpenSource,
  code: "ERR_SOURCE_CHANGED" | "ERR_SOURCE_TRUNCATED",
): void {
  if (bytesAllowed === undefined) return;
  if (code === "ERR_SOURCE_CHANGED" ? bytesSeen <= bytesAllowed : bytesSeen >= bytesAllowed) return;
  throw new BulkError(code, `${uri}: ${bytesSeen} bytes read, ${bytesAllowed} were pinned`, {
    fields: { uri, bytesSeen, bytesAllowed },
  });
}
