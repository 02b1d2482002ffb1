/** One source of parts over all stores that are set up. */
import { assertNever, type SourceSelection } from "@headgate/core";
import { noneMatched } from "./select-objects.ts";
import type { SourceStore } from "./source-store.ts";
import { schemeOf, uriError } from "./source-uri.ts";

export interface PartSourceOptions {
  /** Serves `s3://` URIs; without it they are refused with ERR_SOURCE_URI. */
  readonly s3?: SourceStore;
  /** Serves `file:///` URIs; without it they are refused with ERR_SOURCE_URI. */
  readonly files?: SourceStore;
}

/** Hands each call to the store of its URI's scheme. All URIs of one selection must have the same scheme. */
export function createPartSource({ s3, files }: PartSourceOptions): SourceStore {
  function storeOf(uri: string): SourceStore {
    const scheme = schemeOf(uri);
    const store = scheme === "s3" ? s3 : files;
    if (store === undefined)
      throw uriError(uri, `is of scheme ${scheme}, which is not switched on`);
    return store;
  }
  return {
    async *list(selection, options) {
      const uri = firstUri(selection);
      if (uri === undefined) throw noneMatched(selection);
      yield* storeOf(uri).list(selection, options);
    },
    async *read(object, range, options) {
      yield* storeOf(object.uri).read(object, range, options);
    },
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
