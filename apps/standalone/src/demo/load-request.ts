import type { DemoLoad, DemoObject } from "./data-sets.ts";

/** A load request as HTTP API and Redis stream take it. */
export interface LoadRequest {
  readonly sourceName: string;
  readonly object: string;
  readonly operation: DemoLoad["operation"];
  readonly source: { readonly uri: string } | { readonly prefix: string; readonly suffix: string };
}

/** The suffix of the files that a load takes from under a prefix. */
const csvSuffix = ".csv";

/** The request for one of an object's loads, whose files stand in `bucket`. */
export function loadRequest(
  { sourceName, object }: DemoObject,
  { operation, source }: DemoLoad,
  bucket: string,
): LoadRequest {
  const place =
    "key" in source
      ? { uri: `s3://${bucket}/${source.key}` }
      : { prefix: `s3://${bucket}/${source.prefix}`, suffix: csvSuffix };
  return { sourceName, object, operation, source: place };
}
