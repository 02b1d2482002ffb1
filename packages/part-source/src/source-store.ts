/** What every source of parts can do: name pinned objects, and read exact bytes of them. */
import type { ByteRange, SourceObject, SourceSelection } from "@headgate/core";

export interface SourceOptions {
  /** Ends the operation promptly: the iteration throws the signal's reason and releases what it holds. */
  readonly signal: AbortSignal;
}

/**
 * A place that holds source objects. Errors of both operations, by code: ERR_SOURCE_URI,
 * ERR_SOURCE_FORBIDDEN, ERR_SOURCE_UNREADABLE (worth another try later), ERR_CONFIG (wrong region).
 */
export interface SourceStore {
  /**
   * Yields the selected objects, pinned: in the UTF-8 order of their keys where a prefix, folder or
   * glob selects, else in the order given. Never yields an object twice.
   * Also throws ERR_SOURCE_NOT_FOUND, ERR_SOURCE_NONE_MATCHED, ERR_SOURCE_MANIFEST,
   * ERR_REQUEST_INVALID (an object named twice).
   */
  list(selection: SourceSelection, options: SourceOptions): AsyncIterable<SourceObject>;

  /**
   * Yields exactly the bytes of `range`, in order, or throws: ERR_SOURCE_CHANGED where the object is
   * no longer the pinned one, ERR_SOURCE_TRUNCATED where the store ends early again and again.
   * Leaving the iteration early releases socket or file handle.
   */
  read(object: SourceObject, range: ByteRange, options: SourceOptions): AsyncIterable<Uint8Array>;
}
