/** What a request asks for, read from its path-style URL without any normalisation of the key. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { S3Failure } from "./s3-failure.ts";

export interface S3Request {
  readonly method: string;
  /** The path as it was sent, percent-encoding included: what the client signed. */
  readonly rawPath: string;
  /** Decoded query parameters, in the order sent. */
  readonly query: readonly (readonly [string, string])[];
  readonly headers: IncomingHttpHeaders;
  /** "" where the path names none. */
  readonly bucket: string;
  /** "" where the path names none. */
  readonly key: string;
  readonly body: IncomingMessage;
}

/** Longest key in UTF-8 bytes. Source: Amazon S3 User Guide, "Naming Amazon S3 objects". */
const maxKeyBytes = 1024;
/** Source: Amazon S3 User Guide, "General purpose bucket naming rules". */
const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Parses a request. Throws S3Failure InvalidURI, InvalidBucketName, KeyTooLongError. */
export function parseRequest(message: IncomingMessage): S3Request {
  const url = message.url ?? "/";
  const mark = url.indexOf("?");
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  const rawQuery = mark < 0 ? "" : url.slice(mark + 1);
  const [, rawBucket = "", rawKey = ""] = /^\/([^/]*)\/?(.*)$/s.exec(rawPath) ?? [];
  const bucket = decode(rawBucket);
  const key = decode(rawKey);
  if (bucket !== "" && !bucketName.test(bucket)) {
    throw new S3Failure("InvalidBucketName", "The specified bucket is not valid.");
  }
  if (Buffer.byteLength(key) > maxKeyBytes) {
    throw new S3Failure("KeyTooLongError", "Your key is too long.");
  }
  const query = rawQuery
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair): readonly [string, string] => {
      const [name = "", ...rest] = pair.split("=");
      return [decode(name), decode(rest.join("="))];
    });
  const { method = "GET", headers } = message;
  return { method, rawPath, query, headers, bucket, key, body: message };
}

/** The value of a query parameter; "" where it stands without one. */
export function parameter(request: S3Request, name: string): string | undefined {
  return request.query.find(([each]) => each === name)?.[1];
}

/** A header's value where it was sent once. */
export function header(request: S3Request, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Failure("InvalidURI", "Couldn't parse the specified URI.");
  }
}
