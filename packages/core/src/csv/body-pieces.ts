/** From a part of the manifest back to the bytes of its body. */
import type { BodyPiece, ByteRange, Part, SourceObject } from "../part.ts";
import { headerLine, headerLineBytes, noHeaderBytes } from "./header-line.ts";

/**
 * The body of a part, piece by piece: the header once, then byte ranges and added line ends.
 * `header` is the load's header with its line end, "" where parts have none. It is given the line
 * ends of the part's source objects, which follow from the part's length.
 * Throws RangeError where part, sources and header do not belong together.
 */
export function bodyPieces(
  part: Part,
  sources: readonly SourceObject[],
  header: string,
): BodyPiece[] {
  const body: BodyPiece[] = [];
  let left: number = part.bytes;
  for (const { source, range, lineEnd } of part.segments) {
    const object = sources[source];
    if (object === undefined || !fits(range, object)) {
      throw new RangeError(`part ${part.number} does not fit source object ${source}`);
    }
    body.push({ kind: "range", object, range });
    if (lineEnd !== "") body.push({ kind: "literal", text: lineEnd });
    left -= range.to - range.from + lineEnd.length;
  }
  const lengths = header === "" ? noHeaderBytes : headerLineBytes(header);
  const lineEnd = left === lengths["\n"] ? "\n" : "\r\n";
  if (left !== lengths[lineEnd]) {
    throw new RangeError(`part ${part.number} does not fit the header: ${left} bytes are left`);
  }
  if (header === "") return body;
  return [{ kind: "literal", text: headerLine(header, lineEnd) }, ...body];
}

/** What an object has after a conversion is known only to those who read it. */
function fits(range: ByteRange, { bytes, conversion }: SourceObject): boolean {
  return conversion !== undefined || range.to <= bytes;
}
