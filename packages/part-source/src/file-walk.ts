/** Lists files under a path prefix, in the order in which S3 would list the same names. */
import { readdir, realpath, stat } from "node:fs/promises";
import { type Address, BulkError, formatUri } from "@headgate/core";
import { compareKeys } from "./compare-keys.ts";
import { checkInsideRoot, fromFileError, isInside, realPathInside } from "./file-place.ts";
import type { SourceOptions } from "./source-store.ts";

/** A path that a walk came by: a file, or something that must be refused if it is selected. */
export interface ListedFile {
  readonly key: string;
}

/**
 * Yields every path that starts with the address's and is no folder, in UTF-8 order. Real folders
 * are entered, links to folders are not: they are yielded, and pinning them fails.
 * A folder that does not exist holds nothing; a root that does not exist is ERR_SOURCE_NOT_FOUND.
 */
export async function* walkFiles(
  root: string,
  start: Address,
  options: SourceOptions,
): AsyncGenerator<ListedFile> {
  checkInsideRoot(root, start);
  try {
    const top = await topFolder(root, start);
    if (top !== undefined) yield* walkFolder(top, start.key, options.signal);
  } catch (error) {
    options.signal.throwIfAborted();
    const uri = formatUri(start);
    throw fromFileError(error, `listing ${uri}`, uri);
  }
}

/** The deepest folder that holds all paths with the prefix, or undefined where there is none inside the root. */
async function topFolder(root: string, start: Address): Promise<string | undefined> {
  await realpath(root);
  const folder = start.key.slice(0, start.key.lastIndexOf("/"));
  const top = isInside(root, folder) ? folder : root;
  try {
    const real = await realPathInside(root, { ...start, key: top });
    return (await stat(real)).isDirectory() ? top : undefined;
  } catch (error) {
    const uri = formatUri({ ...start, key: top });
    const failure = fromFileError(error, `looking up ${uri}`, uri);
    if (failure.code === "ERR_SOURCE_NOT_FOUND") return undefined;
    throw failure;
  }
}

async function* walkFolder(
  folder: string,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<ListedFile> {
  signal.throwIfAborted();
  const entries = await readdir(folder, { withFileTypes: true });
  // A folder sorts by its name with the slash, because that is how the keys below it begin.
  const names = entries
    .map((entry) => ({ key: `${folder}/${entry.name}${entry.isDirectory() ? "/" : ""}`, entry }))
    .sort((a, b) => compareKeys(a.key, b.key));
  for (const { key, entry } of names) {
    if (entry.isDirectory()) {
      const mayHold = key.startsWith(prefix) || prefix.startsWith(key);
      if (mayHold) yield* walkFolder(key.slice(0, -1), prefix, signal);
    } else if (key.startsWith(prefix)) {
      if (key.includes("\uFFFD")) throw unreadableName(folder);
      yield { key };
    }
  }
}

function unreadableName(folder: string): BulkError {
  return new BulkError("ERR_SOURCE_URI", `folder ${folder} holds a file whose name is not UTF-8`, {
    fields: { folder },
  });
}
