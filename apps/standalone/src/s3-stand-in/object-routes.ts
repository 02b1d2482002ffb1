/** Put, get, head and delete of one object. */
import { createReadStream } from "node:fs";
import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { checkWriteConditions, readCondition } from "./conditions.ts";
import {
  type Bucket,
  commitObject,
  contentPath,
  newContentName,
  objectOf,
  removeObject,
  type StoredObject,
} from "./object-folder.ts";
import { receiveBody } from "./receive-body.ts";
import { S3Failure } from "./s3-failure.ts";
import { header, type S3Request } from "./s3-request.ts";

const chunkBytes = 256 * 1024;

/** Stores the body under the key, or nothing where it is not what its headers say. */
export async function putObject(
  request: S3Request,
  response: ServerResponse,
  bucket: Bucket,
): Promise<void> {
  if (header(request, "x-amz-copy-source") !== undefined) {
    throw new S3Failure("NotImplemented", "Copying is not implemented.");
  }
  checkWriteConditions(request, bucket.objects.get(request.key)?.etag);
  const content = newContentName();
  const received = await receiveBody(request, contentPath(bucket, content));
  const object: StoredObject = {
    key: request.key,
    bytes: received.bytes,
    etag: received.md5,
    crc32: received.crc32,
    contentType: header(request, "content-type") ?? "application/octet-stream",
    lastModified: new Date().toISOString(),
    content,
  };
  await commitObject(bucket, object, (present) => checkWriteConditions(request, present?.etag));
  response
    .writeHead(200, { etag: `"${object.etag}"`, "x-amz-checksum-crc32": received.crc32 })
    .end();
}

/** Answers GET and HEAD: 200, 206 with a range, or 304. */
export async function sendObject(
  request: S3Request,
  response: ServerResponse,
  bucket: Bucket,
): Promise<void> {
  const object = objectOf(bucket, request.key);
  const headers: Record<string, string | number> = {
    etag: `"${object.etag}"`,
    "accept-ranges": "bytes",
    "last-modified": new Date(object.lastModified).toUTCString(),
  };
  if (readCondition(request, object.etag) === "not-modified") {
    response.writeHead(304, headers).end();
    return;
  }
  const range = parseRange(header(request, "range"), object.bytes);
  const { from, to } = range ?? { from: 0, to: object.bytes };
  headers["content-length"] = to - from;
  headers["content-type"] = object.contentType;
  if (range !== undefined) headers["content-range"] = `bytes ${from}-${to - 1}/${object.bytes}`;
  else if (object.crc32 !== undefined && header(request, "x-amz-checksum-mode") === "ENABLED") {
    headers["x-amz-checksum-crc32"] = object.crc32;
    headers["x-amz-checksum-type"] = "FULL_OBJECT";
  }
  response.writeHead(range === undefined ? 200 : 206, headers);
  if (request.method === "HEAD" || from === to) {
    response.end();
    return;
  }
  const content =
    object.generate?.(from, to) ??
    createReadStream(contentPath(bucket, object.content), {
      ...{ start: from, end: to - 1, highWaterMark: chunkBytes },
    });
  await pipeline(content, response);
}

/** Removes the object, if there is one. */
export async function deleteObject(
  request: S3Request,
  response: ServerResponse,
  bucket: Bucket,
): Promise<void> {
  await removeObject(bucket, request.key);
  response.writeHead(204).end();
}

/**
 * One range of "bytes=…", cut to the object; undefined where there is none or it is not understood,
 * which RFC 9110 says to ignore. Throws S3Failure InvalidRange where it lies outside the object.
 */
function parseRange(
  text: string | undefined,
  size: number,
): { readonly from: number; readonly to: number } | undefined {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(text ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  const from = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (from >= to) {
    const headers = { "content-range": `bytes */${size}` };
    throw new S3Failure("InvalidRange", "The requested range is not satisfiable", headers);
  }
  return { from, to };
}
