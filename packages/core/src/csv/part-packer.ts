/**
 * Packs records into parts, in order: a record joins the part under way if it fits, else it begins
 * a new one. A change of line end (LF or CRLF) also begins a new part, since readers judge a
 * file's line end once.
 */
import type { Part, Segment } from "../part.ts";
import { bytes } from "../units.ts";
import type { HeaderBytes } from "./header-line.ts";
import type { LineEnd, ScannedRecord } from "./record-scanner.ts";

export interface PartPackerOptions {
  readonly maxPartBytes: number;
  readonly onPart: (part: Part) => void;
}

/** A record and the source object it lies in. */
export interface PackedRecord {
  readonly source: number;
  readonly record: ScannedRecord;
  /** The source object's line end; "" for a file of one line without an end, which suits both. */
  readonly lineEnd: LineEnd;
  readonly headerBytes: HeaderBytes;
}

/** Takes records in order and gives parts in order. */
export interface PartPacker {
  /** Whether there was room; false only for a record too large for a part of its own. */
  add(packed: PackedRecord): boolean;
  /** Completes the last part and gives the sums over all. */
  end(): { readonly parts: number; readonly records: number; readonly bytes: number };
}

interface OpenPart {
  readonly lineEnd: "\n" | "\r\n";
  readonly segments: OpenSegment[];
  bytes: number;
  records: number;
}

interface OpenSegment {
  readonly source: number;
  readonly from: number;
  to: number;
  lineEnd: Segment["lineEnd"];
}

/** A packer before its first record. */
export function createPartPacker({ maxPartBytes, onPart }: PartPackerOptions): PartPacker {
  let open: OpenPart | undefined;
  const sums = { parts: 0, records: 0, bytes: 0 };

  function extend(part: OpenPart, source: number, record: ScannedRecord): boolean {
    const lineEnd = record.lineEnd === "" ? part.lineEnd : "";
    const last = part.segments.at(-1);
    const adjacent = last?.source === source ? last : undefined;
    // Blank lines between two records of a segment stay in it and count.
    const added = record.end - (adjacent?.to ?? record.start) + lineEnd.length;
    if (part.bytes + added > maxPartBytes) return false;
    part.bytes += added;
    part.records++;
    if (adjacent === undefined) {
      part.segments.push({ source, from: record.start, to: record.end, lineEnd });
    } else {
      adjacent.to = record.end;
      adjacent.lineEnd = lineEnd;
    }
    return true;
  }

  function close(): void {
    if (open === undefined) return;
    const part: Part = {
      number: sums.parts,
      segments: open.segments.map(({ source, from, to, lineEnd }) => {
        return { source, range: { from: bytes(from), to: bytes(to) }, lineEnd };
      }),
      bytes: bytes(open.bytes),
      records: open.records,
    };
    open = undefined;
    sums.parts++;
    sums.records += part.records;
    sums.bytes += part.bytes;
    onPart(part);
  }

  return {
    add({ source, record, lineEnd, headerBytes }) {
      const suits = lineEnd === "" || open?.lineEnd === lineEnd;
      if (open !== undefined && suits && extend(open, source, record)) return true;
      close();
      const kind = lineEnd === "" ? "\n" : lineEnd;
      open = { lineEnd: kind, segments: [], bytes: headerBytes[kind], records: 0 };
      return extend(open, source, record);
    },
    end() {
      close();
      return sums;
    },
  };
}
