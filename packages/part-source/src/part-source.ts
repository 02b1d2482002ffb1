/** One source of parts over all stores that are set up. */
import {
  assertNever,
  bytes,
  conversionOf,
  type SourceFormat,
  type SourceObject,
  type SourceSelection,
  schemeOf,
  uriError,
} from "@headgate/core";
import { createConvertedReads } from "./converted-reads.ts";
import { type ConversionBounds, convert } from "./format/convert.ts";
import { noneMatched } from "./select-objects.ts";
import type { SourceOptions, SourceStore } from "./source-store.ts";

export interface PartSourceOptions {
  /** Serves `s3://` URIs; without it they are refused with ERR_SOURCE_URI. */
  readonly s3?: SourceStore;
  /** Serves `file:///` URIs; without it they are refused with ERR_SOURCE_URI. */
  readonly files?: SourceStore;
  readonly bounds?: ConversionBounds;
  /** Converted streams that wait for the next part of their object; default 4. One holds up to 128 MiB of zstd's window. */
  readonly maxParked?: number;
  /** How long each waits, in milliseconds; default 5 minutes. */
  readonly parkedMs?: number;
}

/** Sources whose bytes are converted to CSV on the way. */
export interface PartSource {
  /**
   * As `SourceStore.list`. All URIs of one selection must have the same scheme. Objects say the
   * `conversion` that `format` asks of them; default format: by name, UTF-8, comma.
   */
  list(
    selection: SourceSelection,
    options: SourceOptions & { readonly format?: SourceFormat | undefined },
  ): AsyncIterable<SourceObject>;
  /** Yields all bytes after the conversion. Throws ERR_SOURCE_FORMAT beside what `SourceStore.read` throws. */
  readWhole(object: SourceObject, options: SourceOptions): AsyncIterable<Uint8Array>;
  /** As `SourceStore.read`, of the bytes after the conversion; reads in order cost one pass over the object. */
  readonly read: SourceStore["read"];
  /** Releases converted streams that wait; reads under way go on. */
  close(): Promise<void>;
}

/** Hands each call to the store of its URI's scheme, and converts what that store reads. */
export function createPartSource(options: PartSourceOptions): PartSource {
  const { s3, files, bounds, maxParked = 4, parkedMs = 5 * 60_000 } = options;

  function storeOf(uri: string): SourceStore {
    const scheme = schemeOf(uri);
    const store = scheme === "s3" ? s3 : files;
    if (store === undefined)
      throw uriError(uri, `is of scheme ${scheme}, which is not switched on`);
    return store;
  }

  async function* readWhole(object: SourceObject, more: SourceOptions) {
    const store = storeOf(object.uri);
    const whole = { from: bytes(0), to: object.bytes };
    yield* convert(store.read(object, whole, more), object, bounds);
  }

  /** Reading its last byte makes a store compare the object with its pin. */
  async function checkPinned(object: SourceObject, more: SourceOptions): Promise<void> {
    const last = { from: bytes(object.bytes - 1), to: object.bytes };
    for await (const _ of storeOf(object.uri).read(object, last, more));
  }

  const converted = createConvertedReads({
    convertWhole: readWhole,
    checkPinned,
    maxParked,
    parkedMs,
  });
  return {
    async *list(selection, { format = {}, ...more }) {
      const uri = firstUri(selection);
      if (uri === undefined) throw noneMatched(selection);
      for await (const object of storeOf(uri).list(selection, more)) {
        const conversion = conversionOf(format, object.uri);
        yield conversion === undefined ? object : { ...object, conversion };
      }
    },
    readWhole,
    async *read(object, range, more) {
      const reader = object.conversion === undefined ? storeOf(object.uri) : converted;
      yield* reader.read(object, range, more);
    },
    close: converted.close,
  };
}

function firstUri(selection: SourceSelection): string | undefined {
  switch (selection.kind) {
    case "uri":
    case "prefix":
    case "glob":
    case "manifest":
      return selection.uri;
    case "keys":
      return selection.uris[0];
    default:
      return assertNever(selection);
  }
}
