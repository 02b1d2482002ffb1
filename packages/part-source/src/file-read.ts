/** Reads a range of a pinned file. */
import type { FileHandle } from "node:fs/promises";
import { BulkError, type ByteRange, parseUri, type SourceObject } from "@headgate/core";
import { fromFileError, openFile, pinOf } from "./file-place.ts";
import { checkRange } from "./range.ts";
import type { SourceOptions } from "./source-store.ts";

/** Bytes asked of the file system at a time: 256 KiB. */
const chunkBytes = 256 * 1024;

/**
 * Yields exactly the range. The last chunk is passed on only after the open file was found unchanged
 * once more, so a file that is written to meanwhile never ends as if it were whole.
 */
export async function* readFileRange(
  root: string,
  { object, range }: { readonly object: SourceObject; readonly range: ByteRange },
  { signal }: SourceOptions,
): AsyncGenerator<Uint8Array> {
  checkRange(range, object);
  signal.throwIfAborted();
  const handle = await openPinned(root, object);
  try {
    let at: number = range.from;
    while (at < range.to) {
      const chunk = await readChunk(handle, {
        object,
        at,
        most: Math.min(chunkBytes, range.to - at),
      });
      at += chunk.byteLength;
      signal.throwIfAborted();
      if (at === range.to) await checkUnchanged(handle, object);
      yield chunk;
      signal.throwIfAborted();
    }
  } finally {
    await handle.close();
  }
}

async function openPinned(root: string, object: SourceObject): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await openFile(root, parseUri(object.uri, "file"));
  } catch (error) {
    const failure = fromFileError(error, `opening ${object.uri}`, object.uri);
    throw failure.code === "ERR_SOURCE_NOT_FOUND" ? changed(object) : failure;
  }
  try {
    await checkUnchanged(handle, object);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function checkUnchanged(handle: FileHandle, object: SourceObject): Promise<void> {
  const facts = await handle.stat({ bigint: true });
  const same = facts.isFile() && pinOf(facts) === object.pin && facts.size === BigInt(object.bytes);
  if (!same) throw changed(object);
}

async function readChunk(
  handle: FileHandle,
  {
    object,
    at,
    most,
  }: { readonly object: SourceObject; readonly at: number; readonly most: number },
): Promise<Uint8Array> {
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(most), 0, most, at);
    // The end of the file before the end of the range: it has shrunk.
    if (bytesRead === 0) throw changed(object);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw fromFileError(error, `reading ${object.uri}`, object.uri);
  }
}

function changed(object: SourceObject): BulkError {
  const { uri } = object;
  return new BulkError("ERR_SOURCE_CHANGED", `${uri} is no longer the file that was planned`, {
    fields: { uri },
  });
}
