/** What must arrive, worked out from where the generator's records begin: no scanner, no cutter. */
import { createHash } from "node:crypto";
import { type GeneratedCsv, greatest, header } from "./content.ts";

export interface ExpectedPart {
  readonly bytes: number;
  readonly records: number;
  readonly ranges: readonly {
    readonly object: GeneratedCsv;
    readonly from: number;
    readonly to: number;
  }[];
}

/** The parts in order: the header, then as many records as fit, over the ends of objects. */
export function expectedParts(
  objects: readonly GeneratedCsv[],
  partBytes: number,
): readonly ExpectedPart[] {
  const parts: ExpectedPart[] = [];
  let ranges: ExpectedPart["ranges"][number][] = [];
  let bytes = header.length;
  let records = 0;
  const endPart = (): void => {
    if (records > 0) parts.push({ bytes, records, ranges });
    ranges = [];
    bytes = header.length;
    records = 0;
  };
  for (const object of objects) {
    let next = 0;
    while (next < object.records) {
      const from = object.offsetOf(next);
      const first = next;
      const left = object.records - next;
      const taken = greatest(
        (count) => count <= left && object.offsetOf(first + count) - from <= partBytes - bytes,
      );
      if (taken > 0) {
        const to = object.offsetOf(first + taken);
        ranges.push({ object, from, to });
        bytes += to - from;
        records += taken;
        next += taken;
      }
      if (next < object.records) endPart();
    }
  }
  endPart();
  return parts;
}

/** SHA-256 of the part's body, in hex. */
export function hashOf({ ranges }: ExpectedPart): string {
  const hash = createHash("sha256").update(header);
  for (const { object, from, to } of ranges)
    for (const chunk of object.generate(from, to)) hash.update(chunk);
  return hash.digest("hex");
}
