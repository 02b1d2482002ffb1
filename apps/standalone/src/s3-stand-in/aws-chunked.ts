/**
 * Decodes Content-Encoding aws-chunked with unsigned chunks and trailing headers.
 * Source: Amazon S3 API Reference, "Signature calculations for trailing headers".
 */
import { S3Failure } from "./s3-failure.ts";

/** Longest line of framing or trailers that is taken; the data between is not bounded by it. */
const maxLineBytes = 8 * 1024;

/**
 * Yields the data without its framing and puts the trailing headers, lower-case names, into `trailers`.
 * Throws S3Failure IncompleteBody where the framing is broken or ends early.
 */
export async function* decodeAwsChunked(
  body: AsyncIterable<Buffer>,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let left = 0;
  let state: "size" | "data" | "data-end" | "trailers" | "over" = "size";
  for await (const chunk of body) {
    rest = rest.byteLength === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.byteLength > 0 && state !== "over") {
      if (state === "data") {
        const data = rest.subarray(0, left);
        left -= data.byteLength;
        rest = rest.subarray(data.byteLength);
        if (left === 0) state = "data-end";
        yield data;
        continue;
      }
      const end = rest.indexOf("\r\n");
      if (end > maxLineBytes || (end < 0 && rest.byteLength > maxLineBytes)) throw broken();
      if (end < 0) break;
      const line = rest.toString("latin1", 0, end);
      rest = rest.subarray(end + 2);
      if (state === "size") {
        left = chunkSize(line);
        state = left === 0 ? "trailers" : "data";
      } else if (state === "data-end") {
        if (line !== "") throw broken();
        state = "size";
      } else if (line === "") {
        state = "over";
      } else {
        const colon = line.indexOf(":");
        if (colon < 1 || trailers.size >= 16) throw broken();
        trailers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
      }
    }
  }
  if (state !== "over") throw broken();
}

function chunkSize(line: string): number {
  const digits = /^([0-9a-fA-F]{1,12})(?:;.*)?$/.exec(line)?.[1];
  if (digits === undefined) throw broken();
  return Number.parseInt(digits, 16);
}

function broken(): S3Failure {
  return new S3Failure("IncompleteBody", "The aws-chunked body is broken or ends early.");
}
