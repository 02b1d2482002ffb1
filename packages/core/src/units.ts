/**
 * Branded numbers, so that seconds never meet milliseconds and bytes never meet records.
 * MB means 10^6 bytes, MiB 2^20.
 */

declare const unit: unique symbol;

/** A whole number of bytes, 0 or more. */
export type Bytes = number & { readonly [unit]: "bytes" };
/** A span of time in milliseconds. */
export type Milliseconds = number & { readonly [unit]: "milliseconds" };
/** An instant: milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number & { readonly [unit]: "epoch-milliseconds" };

/** Brands a byte count. Throws RangeError unless it is a whole number of 0 or more. */
export function bytes(count: number): Bytes {
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`not a byte count: ${count}`);
  return count as Bytes;
}

/** Brands a span in milliseconds. Throws RangeError unless it is finite. */
export function milliseconds(span: number): Milliseconds {
  if (!Number.isFinite(span)) throw new RangeError(`not a span in milliseconds: ${span}`);
  return span as Milliseconds;
}

/** Converts whole or fractional seconds to milliseconds. */
export function seconds(span: number): Milliseconds {
  return milliseconds(span * 1000);
}

/** Brands an instant. Throws RangeError unless it is a finite number of milliseconds. */
export function epochMs(instant: number): EpochMs {
  if (!Number.isFinite(instant)) throw new RangeError(`not an instant: ${instant}`);
  return instant as EpochMs;
}

/** The instant `span` after `instant`. */
export function after(instant: EpochMs, span: Milliseconds): EpochMs {
  return (instant + span) as EpochMs;
}
