/** What the suite needs of a store that it is run against. */
import { type ByteRange, bytes, type SourceObject, type SourceSelection } from "@headgate/core";
import { onTestFinished } from "vitest";
import type { SourceStore } from "../source-store.ts";

/** One kind of store. */
export interface StoreSubject {
  readonly name: string;
  /**
   * Opens an empty place of its own, and a store on it that asks for `pageKeys` keys a listing and
   * `rangeBytes` bytes a read, where it does such things.
   */
  open(sizes: { readonly pageKeys: number; readonly rangeBytes: number }): Promise<OpenSubject>;
}

/** A store and the means to prepare what it finds. */
export interface OpenSubject {
  readonly store: SourceStore;
  /** Writes an object, replacing one of the same key. Keys have no leading slash. */
  put(key: string, content: Uint8Array): Promise<void>;
  /** Writes an object as a multipart upload where there is such a thing; each part but the last has 5 MiB. */
  putInParts(key: string, parts: readonly Uint8Array[]): Promise<void>;
  remove(key: string): Promise<void>;
  /** The URI of a key in this place, spelled as the store spells it. */
  uriOf(key: string): string;
  /** URI of a key in a bucket or root folder that does not exist, read through `strayStore`. */
  readonly strayUri: string;
  readonly strayStore: SourceStore;
  close(): Promise<void>;
}

/** Opens a subject for the running test and closes it after. */
export async function openFor(subject: StoreSubject, rangeBytes = 1000): Promise<OpenSubject> {
  const open = await subject.open({ pageKeys: 3, rangeBytes });
  onTestFinished(() => open.close());
  return open;
}

/** A signal that never fires. */
export function never(): AbortSignal {
  return new AbortController().signal;
}

/** All that an iterable yields. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** All objects of a selection. */
export async function listAll(
  store: SourceStore,
  selection: SourceSelection,
): Promise<readonly SourceObject[]> {
  return collect(store.list(selection, { signal: never() }));
}

/** The one object of a key. */
export async function pinOne(open: OpenSubject, key: string): Promise<SourceObject> {
  const [object] = await listAll(open.store, { kind: "keys", uris: [open.uriOf(key)] });
  if (object === undefined) throw new TypeError(`no object of key ${key}`);
  return object;
}

/** The bytes of a range, or of the whole object. */
export async function readAll(
  store: SourceStore,
  object: SourceObject,
  range: ByteRange = rangeOf(0, object.bytes),
): Promise<Buffer> {
  return Buffer.concat(await collect(store.read(object, range, { signal: never() })));
}

export function rangeOf(from: number, to: number): ByteRange {
  return { from: bytes(from), to: bytes(to) };
}

/** Bytes that differ at every place, so that no two ranges look alike. */
export function sample(length: number, seed = 1): Buffer {
  const content = Buffer.alloc(length);
  let state = seed;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    content[at] = state >>> 24;
  }
  return content;
}
