/** Source objects in files under root folders. */
import { type Address, BulkError, formatUri, parseUri, uriError } from "@headgate/core";
import { findFile, isInside } from "./file-place.ts";
import { readFileRange } from "./file-read.ts";
import { type ListedFile, walkFiles } from "./file-walk.ts";
import { mapInOrder } from "./map-in-order.ts";
import { type Catalogue, lookupsAtATime, selectObjects } from "./select-objects.ts";
import type { SourceStore } from "./source-store.ts";

export interface FileStoreOptions {
  /**
   * Absolute paths of the folders that files may be read under, links that lead out of them refused.
   * A path under several of them is judged by the first.
   */
  readonly roots: readonly string[];
}

/** Sets up a store on files of a POSIX file system. Throws ERR_CONFIG unless there are roots, all absolute. */
export function createFileStore(options: FileStoreOptions): SourceStore {
  const [first, ...others] = options.roots.map(checkRoot);
  if (first === undefined)
    throw new BulkError("ERR_CONFIG", "no root for files is named; there must be at least one");
  /** Where a path lies under none of them, the one that refuses it. */
  const rootOf = ({ key }: Address): string =>
    [first, ...others].find((root) => isInside(root, key)) ?? first;
  const read: SourceStore["read"] = (object, range, more) =>
    readFileRange(rootOf(parseUri(object.uri, "file")), { object, range }, more);
  const catalogue: Catalogue<ListedFile> = {
    scheme: "file",
    find: (address) => findFile(rootOf(address), address),
    walk: (start, more) => walkFiles(rootOf(start), start, more),
    pin: (start, listed) =>
      mapInOrder(listed, lookupsAtATime, async ({ key }) => {
        const address = { ...start, key };
        const object = await findFile(rootOf(start), address);
        if (object === undefined)
          throw uriError(formatUri(address), "is a link to a folder or to nothing");
        return object;
      }),
    read,
  };
  return { list: (selection, more) => selectObjects(catalogue, selection, more), read };
}

/** The root without slashes at its end. */
function checkRoot(root: string): string {
  if (root.startsWith("/")) return root.replace(/(?<=.)\/+$/, "");
  throw new BulkError("ERR_CONFIG", `root for files "${root}" is not an absolute path`, {
    fields: { root },
  });
}
