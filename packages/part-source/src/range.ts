/** Checks on byte ranges. */
import type { ByteRange, SourceObject } from "@headgate/core";

/** Throws RangeError unless the range lies inside the object: a caller's mistake, not the store's. */
export function checkRange(range: ByteRange, object: SourceObject): void {
  if (range.from > range.to || range.to > object.bytes) {
    throw new RangeError(
      `range ${range.from} to ${range.to} is not inside ${object.uri} of ${object.bytes} bytes`,
    );
  }
}
