/** Takes a request's body into a file, and believes none of what the client says of it. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import { decodeAwsChunked } from "./aws-chunked.ts";
import { S3Failure } from "./s3-failure.ts";
import { header, type S3Request } from "./s3-request.ts";

/** What was received and found true. */
export interface Received {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly md5: string;
  /** Base64 of the four bytes, most significant first, as S3 writes it. */
  readonly crc32: string;
}

/** Checksum headers and trailers other than CRC32, which a client may send only by asking for them. */
const otherChecksums = /^x-amz-checksum-(?!crc32$|algorithm$|mode$|type$)/;

/**
 * Writes the decoded body to `path`. Checks length, SHA-256 of plain bodies, Content-MD5, and CRC32
 * from header or trailer; on any failure the file is removed.
 * Throws S3Failure BadDigest, IncompleteBody, MissingContentLength, NotImplemented, XAmzContentSHA256Mismatch.
 */
export async function receiveBody(request: S3Request, path: string): Promise<Received> {
  const hash = header(request, "x-amz-content-sha256") ?? "UNSIGNED-PAYLOAD";
  const isChunked = hash === "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
  if (!isChunked && hash.startsWith("STREAMING-"))
    throw notImplemented(`x-amz-content-sha256 ${hash}`);
  refuseOtherChecksums(request);
  const expectedBytes = expectedLength(request, isChunked);
  const trailers = new Map<string, string>();
  const sums = { bytes: 0, crc32: 0, md5: createHash("md5"), sha256: createHash("sha256") };
  const withSha256 = /^[0-9a-f]{64}$/.test(hash);

  async function* measured(): AsyncGenerator<Buffer> {
    for await (const chunk of isChunked ? decodeAwsChunked(request.body, trailers) : request.body) {
      sums.bytes += chunk.byteLength;
      if (sums.bytes > expectedBytes) throw incomplete(expectedBytes);
      sums.crc32 = crc32(chunk, sums.crc32);
      sums.md5.update(chunk);
      if (withSha256) sums.sha256.update(chunk);
      yield chunk;
    }
    if (sums.bytes !== expectedBytes) throw incomplete(expectedBytes);
  }

  try {
    await pipeline(measured, createWriteStream(path, { flags: "wx", highWaterMark: 256 * 1024 }));
    const md5 = sums.md5.digest();
    const crc = crc32Text(sums.crc32);
    if (withSha256 && sums.sha256.digest("hex") !== hash) {
      throw new S3Failure(
        "XAmzContentSHA256Mismatch",
        "The body does not match x-amz-content-sha256.",
      );
    }
    const said = [
      ["Content-MD5", header(request, "content-md5"), md5.toString("base64")],
      ["CRC32", header(request, "x-amz-checksum-crc32"), crc],
      ["CRC32", trailers.get("x-amz-checksum-crc32"), crc],
    ] as const;
    for (const [name, claimed, seen] of said) {
      if (claimed !== undefined && claimed !== seen) {
        throw new S3Failure("BadDigest", `The ${name} you specified did not match the body.`);
      }
    }
    return { bytes: sums.bytes, md5: md5.toString("hex"), crc32: crc };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** A small body as text. Throws S3Failure MalformedXML above `maxBytes`, XAmzContentSHA256Mismatch. */
export async function receiveText(request: S3Request, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of request.body) {
    total += chunk.byteLength;
    if (total > maxBytes)
      throw new S3Failure("MalformedXML", `The body is over ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const hash = header(request, "x-amz-content-sha256") ?? "";
  const seen = createHash("sha256").update(body).digest("hex");
  if (/^[0-9a-f]{64}$/.test(hash) && seen !== hash) {
    throw new S3Failure(
      "XAmzContentSHA256Mismatch",
      "The body does not match x-amz-content-sha256.",
    );
  }
  return body.toString("utf8");
}

/** A CRC32 as S3 writes it. */
function crc32Text(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString("base64");
}

function refuseOtherChecksums(request: S3Request): void {
  const named = [
    ...Object.keys(request.headers),
    ...(header(request, "x-amz-trailer") ?? "").split(","),
  ];
  const other = named
    .map((name) => name.trim().toLowerCase())
    .find((name) => otherChecksums.test(name));
  if (other !== undefined) throw notImplemented(other);
}

function expectedLength(request: S3Request, isChunked: boolean): number {
  const name = isChunked ? "x-amz-decoded-content-length" : "content-length";
  const text = header(request, name);
  if (text === undefined || !/^\d{1,15}$/.test(text)) {
    throw new S3Failure("MissingContentLength", `You must provide the ${name} HTTP header.`);
  }
  return Number(text);
}

function incomplete(expected: number): S3Failure {
  return new S3Failure("IncompleteBody", `The body does not have the ${expected} bytes announced.`);
}

function notImplemented(what: string): S3Failure {
  return new S3Failure("NotImplemented", `${what} is not implemented.`);
}
