/** Multipart uploads. Unfinished ones do not outlive the server. */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { checkWriteConditions } from "./conditions.ts";
import { type Bucket, commitObject, contentPath, newContentName } from "./object-folder.ts";
import { type Received, receiveBody, receiveText } from "./receive-body.ts";
import { S3Failure } from "./s3-failure.ts";
import { header, parameter, type S3Request } from "./s3-request.ts";
import { textsOf, xmlDocument } from "./xml.ts";

interface UploadedPart extends Received {
  readonly content: string;
}

/** One upload that is not complete. */
interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  readonly parts: Map<number, UploadedPart>;
}

export type Uploads = Map<string, Upload>;

/** "Part numbers: 1 to 10,000"; "Part size: 5 MiB to 5 GiB". Source: "Amazon S3 multipart upload limits". */
const maxPartNumber = 10_000;
const minPartBytes = 5 * 1024 * 1024;
/** Room for 10,000 parts with ETag and checksum each. */
const maxCompletionBytes = 4 * 1024 * 1024;

/** Answers `POST ?uploads`. */
export function createUpload(request: S3Request, response: ServerResponse, uploads: Uploads): void {
  const uploadId = randomUUID();
  const { bucket, key } = request;
  const contentType = header(request, "content-type") ?? "application/octet-stream";
  uploads.set(uploadId, { bucket, key, contentType, parts: new Map() });
  sendXml(
    response,
    xmlDocument("InitiateMultipartUploadResult", [
      ["Bucket", bucket],
      ["Key", key],
      ["UploadId", uploadId],
    ]),
  );
}

/** Answers `PUT ?partNumber&uploadId`; a part that comes twice replaces itself. */
export async function putPart(
  request: S3Request,
  response: ServerResponse,
  { bucket, uploads }: { readonly bucket: Bucket; readonly uploads: Uploads },
): Promise<void> {
  const { uploadId, upload } = uploadOf(request, uploads);
  const number = Number(parameter(request, "partNumber"));
  if (!Number.isInteger(number) || number < 1 || number > maxPartNumber) {
    throw new S3Failure("InvalidArgument", `Part number must be 1 to ${maxPartNumber}`);
  }
  const content = newContentName();
  const received = await receiveBody(request, contentPath(bucket, content));
  if (!uploads.has(uploadId)) {
    await rm(contentPath(bucket, content));
    throw noSuchUpload();
  }
  const replaced = upload.parts.get(number);
  upload.parts.set(number, { ...received, content });
  if (replaced !== undefined) await rm(contentPath(bucket, replaced.content));
  response
    .writeHead(200, { etag: `"${received.md5}"`, "x-amz-checksum-crc32": received.crc32 })
    .end();
}

/** Answers `POST ?uploadId`: joins the named parts into the object, all or nothing. */
export async function completeUpload(
  request: S3Request,
  response: ServerResponse,
  { bucket, uploads }: { readonly bucket: Bucket; readonly uploads: Uploads },
): Promise<void> {
  const { uploadId, upload } = uploadOf(request, uploads);
  const parts = namedParts(await receiveText(request, maxCompletionBytes), upload);
  const content = newContentName();
  const path = contentPath(bucket, content);
  try {
    for (const part of parts) {
      await pipeline(
        createReadStream(contentPath(bucket, part.content), { highWaterMark: 256 * 1024 }),
        createWriteStream(path, { flags: "a" }),
      );
    }
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  const md5 = createHash("md5");
  for (const part of parts) md5.update(Buffer.from(part.md5, "hex"));
  const object = {
    key: upload.key,
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
    etag: `${md5.digest("hex")}-${parts.length}`,
    contentType: upload.contentType,
    lastModified: new Date().toISOString(),
    content,
  };
  await commitObject(bucket, object, (present) => checkWriteConditions(request, present?.etag));
  await dropUpload(bucket, uploads, uploadId);
  sendXml(
    response,
    xmlDocument("CompleteMultipartUploadResult", [
      ["Bucket", upload.bucket],
      ["Key", upload.key],
      ["ETag", `"${object.etag}"`],
    ]),
  );
}

/** Answers `DELETE ?uploadId`. */
export async function abortUpload(
  request: S3Request,
  response: ServerResponse,
  { bucket, uploads }: { readonly bucket: Bucket; readonly uploads: Uploads },
): Promise<void> {
  const { uploadId } = uploadOf(request, uploads);
  await dropUpload(bucket, uploads, uploadId);
  response.writeHead(204).end();
}

/** Sends a document with status 200. */
export function sendXml(response: ServerResponse, document: string): void {
  const length = Buffer.byteLength(document);
  response
    .writeHead(200, { "content-type": "application/xml", "content-length": length })
    .end(document);
}

async function dropUpload(bucket: Bucket, uploads: Uploads, uploadId: string): Promise<void> {
  const parts = uploads.get(uploadId)?.parts.values() ?? [];
  uploads.delete(uploadId);
  await Promise.all(
    [...parts].map(({ content }) => rm(contentPath(bucket, content), { force: true })),
  );
}

function namedParts(xml: string, upload: Upload): readonly UploadedPart[] {
  const numbers = textsOf(xml, "PartNumber").map(Number);
  const etags = textsOf(xml, "ETag").map((etag) => etag.replaceAll('"', ""));
  if (numbers.length === 0 || numbers.length !== etags.length) {
    throw new S3Failure("MalformedXML", "The XML you provided was not well-formed.");
  }
  if (numbers.some((number, index) => index > 0 && number <= (numbers[index - 1] ?? 0))) {
    throw new S3Failure("InvalidPartOrder", "The list of parts was not in ascending order.");
  }
  const parts = numbers.map((number, index) => {
    const part = upload.parts.get(number);
    if (part === undefined || part.md5 !== etags[index]) {
      throw new S3Failure("InvalidPart", `Part ${number} could not be found or has another ETag.`);
    }
    return part;
  });
  if (parts.slice(0, -1).some((part) => part.bytes < minPartBytes)) {
    throw new S3Failure("EntityTooSmall", `A part but the last is under ${minPartBytes} bytes.`);
  }
  return parts;
}

function uploadOf(
  request: S3Request,
  uploads: Uploads,
): { readonly uploadId: string; readonly upload: Upload } {
  const uploadId = parameter(request, "uploadId") ?? "";
  const upload = uploads.get(uploadId);
  if (upload === undefined || upload.bucket !== request.bucket || upload.key !== request.key) {
    throw noSuchUpload();
  }
  return { uploadId, upload };
}

function noSuchUpload(): S3Failure {
  return new S3Failure("NoSuchUpload", "The specified multipart upload does not exist.");
}
