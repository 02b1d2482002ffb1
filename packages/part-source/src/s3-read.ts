/** One ranged GET of a pinned object. */
import { Readable } from "node:stream";
import { GetObjectCommand, type GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { BulkError, type ByteRange, parseUri, type SourceObject } from "@headgate/core";
import { withIdleLimit } from "./idle-limit.ts";
import { type S3Context, settled } from "./s3-context.ts";
import { fromS3Error } from "./s3-error.ts";
import { parseS3Pin } from "./s3-pin.ts";

export interface S3ReadOptions {
  readonly signal: AbortSignal;
  /** Longest wait for the next bytes of a body, in milliseconds. */
  readonly idleMs: number;
}

/**
 * Yields what the store sends for the range, which may be short if a server or proxy is at fault.
 * Throws ERR_SOURCE_CHANGED where object, version or size are no longer the pinned ones.
 */
export async function* readS3Range(
  context: S3Context,
  { object, range }: { readonly object: SourceObject; readonly range: ByteRange },
  { signal, idleMs }: S3ReadOptions,
): AsyncGenerator<Uint8Array> {
  const { uri } = object;
  const address = parseUri(uri, "s3");
  context.checkAllowed(address);
  const { etag, versionId } = parseS3Pin(object.pin, uri);
  const command = new GetObjectCommand({
    Bucket: address.container,
    Key: address.key,
    Range: `bytes=${range.from}-${range.to - 1}`,
    IfMatch: etag,
    ...(versionId === undefined ? {} : { VersionId: versionId }),
    ...context.everyCall,
  });
  const about = { doing: `reading ${uri}`, uri, pinned: true, signal };
  const call = context.client.send(command, { abortSignal: signal });
  const answer = await settled(context, call, about);
  const body = answer.Body;
  if (!(body instanceof Readable)) throw unexpected(uri, "a body that is no stream");
  try {
    checkAnswer(answer, object, range);
    yield* withIdleLimit(body, { idleMs, signal, uri });
  } catch (error) {
    signal.throwIfAborted();
    throw fromS3Error(error, { ...about, place: context.place });
  } finally {
    body.destroy();
  }
}

/** Compares what the store says it sends with what was pinned and asked for, before any byte is passed on. */
function checkAnswer(answer: GetObjectCommandOutput, object: SourceObject, range: ByteRange): void {
  const { uri } = object;
  if (answer.ContentRange === undefined) {
    const isWhole = range.from === 0 && range.to === object.bytes;
    if (!isWhole) throw unexpected(uri, "a whole object where a range was asked for");
    if (answer.ContentLength !== undefined) checkSize(answer.ContentLength, object);
    return;
  }
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.ContentRange);
  if (match === null) throw unexpected(uri, `Content-Range "${answer.ContentRange.slice(0, 80)}"`);
  const [from, last, size] = match.slice(1).map(Number);
  checkSize(size ?? 0, object);
  if (from !== range.from || last !== range.to - 1) {
    throw unexpected(
      uri,
      `bytes ${from} to ${last} where ${range.from} to ${range.to - 1} were asked for`,
    );
  }
}

function checkSize(size: number, object: SourceObject): void {
  if (size === object.bytes) return;
  const { uri, bytes: pinnedBytes } = object;
  throw new BulkError(
    "ERR_SOURCE_CHANGED",
    `${uri} has ${size} bytes; ${pinnedBytes} were planned`,
    {
      fields: { uri, bytesSeen: size, bytesPlanned: pinnedBytes },
    },
  );
}

function unexpected(uri: string, seen: string): BulkError {
  return new BulkError(
    "ERR_SOURCE_UNREADABLE",
    `the store answered a read of ${uri} with ${seen}`,
    {
      fields: { uri, seen },
    },
  );
}
