/** ListObjectsV2. Source: Amazon S3 API Reference, "ListObjectsV2". */
import { type Bucket, type StoredObject, sortedKeys } from "./object-folder.ts";
import { S3Failure } from "./s3-failure.ts";
import { parameter, type S3Request } from "./s3-request.ts";
import { type Content, xmlDocument } from "./xml.ts";

type Entry =
  | { readonly kind: "object"; readonly object: StoredObject }
  | { readonly kind: "common-prefix"; readonly prefix: string };

/** Lists one page as XML. Throws S3Failure InvalidArgument. */
export function listObjects(request: S3Request, bucket: Bucket): string {
  const prefix = parameter(request, "prefix") ?? "";
  const delimiter = parameter(request, "delimiter") ?? "";
  const encodingType = parameter(request, "encoding-type");
  if (encodingType !== undefined && encodingType !== "url")
    throw invalid("encoding-type", encodingType);
  const encode = encodingType === "url" ? urlEncode : (text: string) => text;
  const maxKeys = parseMaxKeys(parameter(request, "max-keys"));
  const token = parameter(request, "continuation-token");
  const after =
    token === undefined ? (parameter(request, "start-after") ?? "") : decodeToken(token);
  const { entries, next } = collect(bucket, { prefix, delimiter, after, maxKeys });

  return xmlDocument("ListBucketResult", [
    ["Name", request.bucket],
    ["Prefix", encode(prefix)],
    ["MaxKeys", maxKeys],
    ["KeyCount", entries.length],
    ["IsTruncated", String(next !== undefined)],
    ...optional("Delimiter", delimiter === "" ? undefined : encode(delimiter)),
    ...optional("EncodingType", encodingType),
    ...optional("ContinuationToken", token),
    ...optional("NextContinuationToken", next === undefined ? undefined : encodeToken(next)),
    ...entries.map((entry): readonly [string, Content] =>
      entry.kind === "object"
        ? ["Contents", describe(entry.object, encode)]
        : ["CommonPrefixes", [["Prefix", encode(entry.prefix)]]],
    ),
  ]);
}

/** Walks the keys in order; `next` is what the following page starts after. */
function collect(
  bucket: Bucket,
  asked: {
    readonly prefix: string;
    readonly delimiter: string;
    readonly after: string;
    readonly maxKeys: number;
  },
): { readonly entries: readonly Entry[]; readonly next: string | undefined } {
  const { prefix, delimiter, after, maxKeys } = asked;
  const entries: Entry[] = [];
  const afterBytes = Buffer.from(after);
  let last = after;
  for (const key of sortedKeys(bucket)) {
    if (!key.startsWith(prefix) || Buffer.compare(Buffer.from(key), afterBytes) <= 0) continue;
    const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const group = cut < 0 ? undefined : key.slice(0, cut + delimiter.length);
    // A group that was listed, here or on the page before, stands for all keys below it.
    if (group !== undefined && last === group) continue;
    if (entries.length === maxKeys) return { entries, next: maxKeys === 0 ? undefined : last };
    last = group ?? key;
    const object = bucket.objects.get(key);
    if (group !== undefined) entries.push({ kind: "common-prefix", prefix: group });
    else if (object !== undefined) entries.push({ kind: "object", object });
  }
  return { entries, next: undefined };
}

function describe(object: StoredObject, encode: (text: string) => string): Content {
  return [
    ["Key", encode(object.key)],
    ["LastModified", object.lastModified],
    ["ETag", `"${object.etag}"`],
    ["Size", object.bytes],
    ["StorageClass", "STANDARD"],
  ];
}

function parseMaxKeys(text: string | undefined): number {
  if (text === undefined) return 1000;
  if (!/^\d{1,9}$/.test(text)) throw invalid("max-keys", text);
  return Math.min(1000, Number(text));
}

/** S3's url encoding: a blank becomes "+", a slash stays. */
function urlEncode(text: string): string {
  return encodeURIComponent(text).replaceAll("%20", "+").replaceAll("%2F", "/");
}

function encodeToken(key: string): string {
  return Buffer.from(key).toString("base64url");
}

function decodeToken(token: string): string {
  return Buffer.from(token, "base64url").toString("utf8");
}

function optional(name: string, text: string | undefined): readonly (readonly [string, Content])[] {
  return text === undefined ? [] : [[name, text]];
}

function invalid(name: string, value: string): S3Failure {
  return new S3Failure("InvalidArgument", `Invalid value for ${name}: ${value.slice(0, 40)}`);
}
