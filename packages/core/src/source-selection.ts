/** Which source objects a load takes, and what of it can be judged without a store. */
import { assertNever } from "./assert-never.ts";
import { BulkError } from "./errors.ts";
import {
  type Address,
  checkPlainPath,
  decodeKey,
  formatUri,
  parseUri,
  type Scheme,
  schemeOf,
  splitUri,
  uriError,
} from "./source-uri.ts";

/** Which source objects a load takes: one of five ways to name them. */
export type SourceSelection =
  /** The object of this very key where it exists, else every object under `uri` + "/". */
  | { readonly kind: "uri"; readonly uri: string }
  /** Every object whose key starts so and ends with `suffix` (default: any). */
  | { readonly kind: "prefix"; readonly uri: string; readonly suffix?: string }
  /** Every object whose key matches: `*` within a folder, `**` across, `?`, `[a-z]`, `{a,b}`. */
  | { readonly kind: "glob"; readonly uri: string }
  /** These objects, in this order. */
  | { readonly kind: "keys"; readonly uris: readonly string[] }
  /** The objects a JSON manifest lists: `{"entries":[{"url":"s3://…","mandatory":true}]}`. */
  | { readonly kind: "manifest"; readonly uri: string };

/**
 * Throws ERR_SOURCE_URI for a URI that no store could ever have, and ERR_REQUEST_INVALID for an
 * object that is named twice. Whether its place may be read and holds anything, only a worker knows.
 */
export function checkSelectedUris(selection: SourceSelection): void {
  switch (selection.kind) {
    case "uri":
    case "prefix":
      checkPlainPath(parseUri(selection.uri, schemeOf(selection.uri)), selection.uri);
      return;
    case "glob":
      checkGlob(selection.uri);
      return;
    case "keys":
      checkObjects(selection.uris);
      return;
    case "manifest":
      checkObjects([selection.uri]);
      return;
    default:
      assertNever(selection);
  }
}

/** The addresses of these URIs. Throws ERR_SOURCE_URI, and ERR_REQUEST_INVALID where two are the same. */
export function distinctAddresses(uris: readonly string[], scheme: Scheme): readonly Address[] {
  const seen = new Set<string>();
  return uris.map((uri) => {
    const address = parseUri(uri, scheme);
    const spelling = formatUri(address);
    if (seen.has(spelling)) {
      throw new BulkError("ERR_REQUEST_INVALID", `source object ${spelling} is named twice`, {
        fields: { uri: spelling },
      });
    }
    seen.add(spelling);
    return address;
  });
}

function checkObjects(uris: readonly string[]): void {
  const [first = ""] = uris;
  for (const address of distinctAddresses(uris, schemeOf(first))) {
    const uri = formatUri(address);
    if (address.key === "") throw uriError(uri, "names a bucket and no object in it");
    checkPlainPath(address, uri);
  }
}

/** Of a glob the text between its wildcards. */
function checkGlob(glob: string): void {
  const scheme = schemeOf(glob);
  const { container, encodedKey } = splitUri(glob, scheme);
  checkPlainPath({ scheme, container, key: decodeKey(encodedKey, glob) }, glob);
}
