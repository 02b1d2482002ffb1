/** Turns a selection into pinned objects, the same way for every store. */
import {
  type Address,
  assertNever,
  BulkError,
  bytes,
  distinctAddresses,
  formatUri,
  parseUri,
  type Scheme,
  type SourceObject,
  type SourceSelection,
  splitUri,
} from "@headgate/core";
import { parseGlob } from "./glob.ts";
import { manifestError, parseManifest } from "./manifest.ts";
import { mapInOrder } from "./map-in-order.ts";
import type { SourceOptions, SourceStore } from "./source-store.ts";

/** What a store must offer for selections to work on it; `Listed` is what its listing tells of an object. */
export interface Catalogue<Listed extends { readonly key: string }> {
  readonly scheme: Scheme;
  /** Pins the object of this very key, or answers undefined where there is none. */
  find(address: Address, options: SourceOptions): Promise<SourceObject | undefined>;
  /** Yields what lies under every key that starts with the address's, in UTF-8 order, without folder markers. */
  walk(start: Address, options: SourceOptions): AsyncIterable<Listed>;
  /** Pins what `walk` yielded, in its order. */
  pin(
    start: Address,
    listed: AsyncIterable<Listed>,
    options: SourceOptions,
  ): AsyncIterable<SourceObject>;
  read: SourceStore["read"];
}

/** Largest manifest that is read; 10 MiB hold some 100,000 entries. */
const maxManifestBytes = 10 * 1024 * 1024;
/** Objects looked up at a time where each needs a call of its own. */
export const lookupsAtATime = 16;

/** Yields the pinned objects of a selection. Throws what `SourceStore.list` throws. */
export async function* selectObjects<Listed extends { readonly key: string }>(
  catalogue: Catalogue<Listed>,
  selection: SourceSelection,
  options: SourceOptions,
): AsyncGenerator<SourceObject> {
  let found = 0;
  for await (const object of select(catalogue, selection, options)) {
    options.signal.throwIfAborted();
    found += 1;
    yield object;
  }
  if (found === 0) throw noneMatched(selection);
}

function select<Listed extends { readonly key: string }>(
  catalogue: Catalogue<Listed>,
  selection: SourceSelection,
  options: SourceOptions,
): AsyncIterable<SourceObject> {
  switch (selection.kind) {
    case "uri":
      return objectOrFolder(catalogue, selection.uri, options);
    case "prefix": {
      const { suffix = "" } = selection;
      const start = parseUri(selection.uri, catalogue.scheme);
      return walkWhere(catalogue, start, (key) => key.endsWith(suffix), options);
    }
    case "glob": {
      const { container, encodedKey } = splitUri(selection.uri, catalogue.scheme);
      const glob = parseGlob(encodedKey, selection.uri);
      const start = { scheme: catalogue.scheme, container, key: glob.prefix };
      return walkWhere(catalogue, start, glob.matches, options);
    }
    case "keys":
      return findEach(
        catalogue,
        distinctAddresses(selection.uris, catalogue.scheme).map((address) => ({
          address,
          mandatory: true,
        })),
        options,
      );
    case "manifest":
      return manifestObjects(catalogue, selection.uri, options);
    default:
      return assertNever(selection);
  }
}

async function* objectOrFolder<Listed extends { readonly key: string }>(
  catalogue: Catalogue<Listed>,
  uri: string,
  options: SourceOptions,
): AsyncGenerator<SourceObject> {
  const address = parseUri(uri, catalogue.scheme);
  const isFolder = address.key === "" || address.key.endsWith("/");
  const object = isFolder ? undefined : await catalogue.find(address, options);
  if (object !== undefined) {
    yield object;
    return;
  }
  const folder = isFolder ? address : { ...address, key: `${address.key}/` };
  yield* walkWhere(catalogue, folder, () => true, options);
}

function walkWhere<Listed extends { readonly key: string }>(
  catalogue: Catalogue<Listed>,
  start: Address,
  wanted: (key: string) => boolean,
  options: SourceOptions,
): AsyncIterable<SourceObject> {
  async function* matching() {
    for await (const listed of catalogue.walk(start, options)) {
      if (wanted(listed.key)) yield listed;
    }
  }
  return catalogue.pin(start, matching(), options);
}

async function* findEach<Listed extends { readonly key: string }>(
  catalogue: Catalogue<Listed>,
  wanted: readonly { readonly address: Address; readonly mandatory: boolean }[],
  options: SourceOptions,
): AsyncGenerator<SourceObject> {
  const objects = mapInOrder(wanted, lookupsAtATime, async ({ address, mandatory }) => {
    const object = await catalogue.find(address, options);
    if (object === undefined && mandatory) throw notFound(formatUri(address));
    return object;
  });
  for await (const object of objects) {
    if (object !== undefined) yield object;
  }
}

async function* manifestObjects<Listed extends { readonly key: string }>(
  catalogue: Catalogue<Listed>,
  uri: string,
  options: SourceOptions,
): AsyncGenerator<SourceObject> {
  const manifest = await catalogue.find(parseUri(uri, catalogue.scheme), options);
  if (manifest === undefined) throw notFound(uri);
  if (manifest.bytes > maxManifestBytes) {
    throw manifestError(uri, `has ${manifest.bytes} bytes; ${maxManifestBytes} are allowed`);
  }
  const chunks: Uint8Array[] = [];
  const whole = { from: bytes(0), to: manifest.bytes };
  for await (const chunk of catalogue.read(manifest, whole, options)) chunks.push(chunk);
  const entries = parseManifest(Buffer.concat(chunks), uri);
  const addresses = distinctAddresses(
    entries.map((entry) => entry.url),
    catalogue.scheme,
  );
  yield* findEach(
    catalogue,
    addresses.map((address, index) => ({ address, mandatory: entries[index]?.mandatory ?? false })),
    options,
  );
}

/** An ERR_SOURCE_NOT_FOUND that names the object. */
function notFound(uri: string, cause?: unknown): BulkError {
  return new BulkError("ERR_SOURCE_NOT_FOUND", `source object ${uri} does not exist`, {
    fields: { uri },
    cause,
  });
}

/** An ERR_SOURCE_NONE_MATCHED that names the selection. */
export function noneMatched(selection: SourceSelection): BulkError {
  const named = describeSelection(selection);
  return new BulkError("ERR_SOURCE_NONE_MATCHED", `${named} selects no object`, {
    fields: { selection: named },
  });
}

function describeSelection(selection: SourceSelection): string {
  if (selection.kind === "keys") return `list of ${selection.uris.length} keys`;
  const suffix =
    selection.kind === "prefix" && selection.suffix ? ` with suffix ${selection.suffix}` : "";
  return `${selection.kind} ${selection.uri}${suffix}`;
}
