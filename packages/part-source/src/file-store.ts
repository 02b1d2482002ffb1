/** Source objects in files under one root folder. */
import { BulkError } from "@headgate/core";
import { findFile } from "./file-place.ts";
import { readFileRange } from "./file-read.ts";
import { type ListedFile, walkFiles } from "./file-walk.ts";
import { mapInOrder } from "./map-in-order.ts";
import { type Catalogue, lookupsAtATime, selectObjects } from "./select-objects.ts";
import type { SourceStore } from "./source-store.ts";
import { formatUri, uriError } from "./source-uri.ts";

export interface FileStoreOptions {
  /** Absolute path of the folder that files may be read under, links that lead out of it refused. */
  readonly root: string;
}

/** Sets up a store on files of a POSIX file system. Throws ERR_CONFIG for a root that is not absolute. */
export function createFileStore(options: FileStoreOptions): SourceStore {
  const root = options.root.replace(/(?<=.)\/+$/, "");
  if (!root.startsWith("/")) {
    throw new BulkError("ERR_CONFIG", `root for files "${options.root}" is not an absolute path`, {
      fields: { root: options.root },
    });
  }
  const read: SourceStore["read"] = (object, range, more) =>
    readFileRange(root, { object, range }, more);
  const catalogue: Catalogue<ListedFile> = {
    scheme: "file",
    find: (address) => findFile(root, address),
    walk: (start, more) => walkFiles(root, start, more),
    pin: (start, listed) =>
      mapInOrder(listed, lookupsAtATime, async ({ key }) => {
        const address = { ...start, key };
        const object = await findFile(root, address);
        if (object === undefined)
          throw uriError(formatUri(address), "is a link to a folder or to nothing");
        return object;
      }),
    read,
  };
  return { list: (selection, more) => selectObjects(catalogue, selection, more), read };
}
