/** Source objects in S3, or in a server that speaks its protocol. */
import { type ByteRange, bytes, type SourceObject } from "@headgate/core";
import { allowBuckets } from "./allowed-buckets.ts";
import { checkRange } from "./range.ts";
import { joinStretches } from "./read-ahead.ts";
import { resumeRead } from "./resume-read.ts";
import { type RetryWait, waitWithJitter } from "./retry.ts";
import { findInS3, type ListedS3Object, pinS3, walkS3 } from "./s3-catalogue.ts";
import { createS3Client, type S3ConnectionOptions } from "./s3-client.ts";
import type { S3Context } from "./s3-context.ts";
import { readS3Range } from "./s3-read.ts";
import { type Catalogue, selectObjects } from "./select-objects.ts";
import type { SourceOptions, SourceStore } from "./source-store.ts";

export interface S3StoreOptions extends S3ConnectionOptions {
  /** Buckets, or `bucket/folder/`, that may be read; default: every one the credentials allow. */
  readonly allowedBuckets?: readonly string[];
  /** AWS account that must own the buckets; default: any. */
  readonly expectedBucketOwner?: string;
  /**
   * Pins and reads by version id where a bucket keeps versions, so that an overwritten object can
   * still be read; default true. Reading needs the right s3:GetObjectVersion then; without it the
   * ETag alone is the pin, and an overwritten object fails with ERR_SOURCE_CHANGED.
   */
  readonly useVersions?: boolean;
  /** Keys a listing call asks for, 1 to 1,000; default 1,000. */
  readonly pageKeys?: number;
  /** Bytes one GET asks for; default 16 MiB, so that a slow consumer does not hold one answer for minutes. */
  readonly rangeBytes?: number;
  /**
   * Longest wait for the next bytes of a body, in milliseconds; default 20,000: a read that hangs is
   * opened again while an upload, which waits 30 s for bytes, still lives.
   */
  readonly idleMs?: number;
  /** Openings of one range, each at the byte reached, before its read fails; default 5. */
  readonly readTries?: number;
  /** Waits between those; default: full jitter, up to 200 ms, doubling to 5 s. */
  readonly wait?: RetryWait;
}

/** A store that holds connections open until it is closed. */
export interface S3Store extends SourceStore {
  /** Closes all connections; reads under way fail. */
  close(): void;
}

/** The next range is opened when this much of the current one is still to come: 2 MiB. */
const aheadBytes = 2 * 1024 * 1024;

/** Sets up a store on S3; no request is made yet. Throws ERR_CONFIG for a malformed allow-list. */
export function createS3Store(options: S3StoreOptions = {}): S3Store {
  const context = createContext(options);
  const {
    rangeBytes = 16 * 1024 * 1024,
    idleMs = 20_000,
    readTries = 5,
    wait = waitWithJitter,
  } = options;

  function readOne(object: SourceObject, range: ByteRange, signal: AbortSignal) {
    return resumeRead(range, {
      open: (rest) => readS3Range(context, { object, range: rest }, { signal, idleMs }),
      maxTries: readTries,
      wait,
      signal,
      uri: object.uri,
    });
  }

  async function* read(object: SourceObject, range: ByteRange, { signal }: SourceOptions) {
    checkRange(range, object);
    signal.throwIfAborted();
    const stretches = splitRange(range, rangeBytes).map((one) => ({
      bytes: one.to - one.from,
      open: (either: AbortSignal) => readOne(object, one, either),
    }));
    yield* joinStretches(stretches, { aheadBytes, signal });
  }

  const catalogue: Catalogue<ListedS3Object> = {
    scheme: "s3",
    find: (address, more) => findInS3(context, address, more),
    walk: (start, more) => walkS3(context, start, more),
    pin: (start, listed, more) => pinS3(context, start, { listed, options: more }),
    read,
  };
  return {
    list: (selection, more) => selectObjects(catalogue, selection, more),
    read,
    close: () => context.client.destroy(),
  };
}

function createContext(options: S3StoreOptions): S3Context {
  const {
    region = "the SDK's default region",
    endpoint = "Amazon S3",
    expectedBucketOwner,
  } = options;
  return {
    client: createS3Client(options),
    place: `${region} at ${endpoint}`,
    checkAllowed: allowBuckets(options.allowedBuckets),
    useVersions: options.useVersions ?? true,
    pageKeys: options.pageKeys ?? 1_000,
    everyCall:
      expectedBucketOwner === undefined ? {} : { ExpectedBucketOwner: expectedBucketOwner },
  };
}

function splitRange(range: ByteRange, most: number): readonly ByteRange[] {
  const pieces: ByteRange[] = [];
  for (let from: number = range.from; from < range.to; from += most) {
    pieces.push({ from: bytes(from), to: bytes(Math.min(from + most, range.to)) });
  }
  return pieces;
}
