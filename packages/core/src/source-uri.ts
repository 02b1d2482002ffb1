/**
 * Source URIs: `s3://bucket/key` and `file:///absolute/path`, with the key percent-encoded as in a
 * URL. Only "%" must be encoded by those who write one; "?", "#", "+" and blanks stand for themselves.
 */
import { utf8Length } from "./csv/utf8.ts";
import { BulkError } from "./errors.ts";

/** Kinds of places a source object can lie in. */
export type Scheme = "s3" | "file";

/** A parsed URI. */
export interface Address {
  readonly scheme: Scheme;
  /** S3 bucket; "" for files. */
  readonly container: string;
  /** S3 key, or absolute path of a file, decoded. */
  readonly key: string;
}

/**
 * Bucket names as general-purpose buckets have them, with the letters and length that old buckets may have.
 * Source: Amazon S3 User Guide, "General purpose bucket naming rules".
 */
const s3Uri = /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,254})(?:\/(.*))?$/s;
const fileUri = /^file:\/\/(\/.*)$/s;
/** Source: Amazon S3 User Guide, "Naming Amazon S3 objects": at most 1,024 bytes of UTF-8. */
const maxS3KeyBytes = 1024;

/** The scheme of a URI. Throws ERR_SOURCE_URI where it is none that headgate reads. */
export function schemeOf(uri: string): Scheme {
  if (uri.startsWith("s3://")) return "s3";
  if (uri.startsWith("file://")) return "file";
  throw uriError(uri, "starts with neither s3:// nor file:///");
}

/** Splits a URI into container and key without decoding the key. Throws ERR_SOURCE_URI. */
export function splitUri(uri: string, scheme: Scheme): { container: string; encodedKey: string } {
  if (schemeOf(uri) !== scheme) throw uriError(uri, `is not of scheme ${scheme}`);
  const match = (scheme === "s3" ? s3Uri : fileUri).exec(uri);
  if (match === null) {
    const shape = scheme === "s3" ? "s3://bucket/key" : "file:///absolute/path";
    throw uriError(uri, `does not have the shape ${shape}`);
  }
  if (scheme === "file") return { container: "", encodedKey: match[1] ?? "" };
  return { container: match[1] ?? "", encodedKey: match[2] ?? "" };
}

/** Parses a URI of the given scheme. Throws ERR_SOURCE_URI. */
export function parseUri(uri: string, scheme: Scheme): Address {
  const { container, encodedKey } = splitUri(uri, scheme);
  const key = decodeKey(encodedKey, uri);
  const bytes = scheme === "s3" ? utf8Length(key) : 0;
  if (bytes > maxS3KeyBytes)
    throw uriError(uri, `has a key of ${bytes} bytes; S3 allows ${maxS3KeyBytes}`);
  return { scheme, container, key };
}

/** Throws ERR_SOURCE_URI for a path that could lead elsewhere than it says, or that no file can have. */
export function checkPlainPath({ scheme, key }: Address, uri: string): void {
  if (scheme !== "file") return;
  const segments = key.split("/");
  if (key.includes("\0") || segments.includes("..") || segments.includes("."))
    throw uriError(uri, 'holds "." or ".." or a zero byte');
}

/** Decodes percent-encoding and nothing else. Throws ERR_SOURCE_URI, naming `uri`. */
export function decodeKey(encoded: string, uri: string): string {
  if (!encoded.isWellFormed())
    throw uriError(uri, "is not Unicode text: it holds half a character");
  try {
    return decodeURIComponent(encoded);
  } catch (cause) {
    throw uriError(
      uri,
      'has a "%" that is not part of percent-encoded UTF-8; write %25 for it',
      cause,
    );
  }
}

/** The one spelling of an address: what `parseUri` reads back to the same address. */
export function formatUri(address: Address): string {
  if (!address.key.isWellFormed()) {
    throw uriError(address.container, "holds a key that is not Unicode text");
  }
  // The asterisk too, or the URI would mean more than this one key where a glob is asked for.
  const key = encodeURIComponent(address.key).replaceAll("%2F", "/").replaceAll("*", "%2A");
  return address.scheme === "s3" ? `s3://${address.container}/${key}` : `file://${key}`;
}

/** An ERR_SOURCE_URI that names the URI, without a login in it, and what is wrong with it. */
export function uriError(uri: string, problem: string, cause?: unknown): BulkError {
  const shown = withoutLogin(uri);
  return new BulkError("ERR_SOURCE_URI", `source URI ${shown} ${problem}`, {
    fields: { uri: shown },
    cause,
  });
}

const longestShown = 200;

/** Of a URL also without its query, which may be a signature; and not longer than a person reads. */
function withoutLogin(uri: string): string {
  const plain = uri
    .replace(/^([a-z0-9+.-]*:\/\/)[^/]*@/is, "$1***@")
    .replace(/^(https?:[^?]*\?).*/is, "$1…")
    .toWellFormed();
  return plain.length > longestShown ? `${plain.slice(0, longestShown).toWellFormed()}…` : plain;
}
