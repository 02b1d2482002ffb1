/**
 * Checks AWS Signature Version 4 in the Authorization header.
 * Source: AWS IAM User Guide, "Create a signed AWS API request", and Amazon S3 API Reference,
 * "Authenticating Requests: Using the Authorization Header".
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { S3Failure } from "./s3-failure.ts";
import { header, type S3Request } from "./s3-request.ts";

export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/** "The request timestamp must be within 15 minutes of the current time." Source: RequestTimeTooSkewed. */
const maxSkewMs = 15 * 60 * 1000;

const authorizationShape =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/s3\/aws4_request,\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})$/;

/**
 * Throws S3Failure AccessDenied (unsigned), InvalidAccessKeyId, RequestTimeTooSkewed,
 * SignatureDoesNotMatch. The body's hash is only compared with what was signed; the body is checked
 * when it is read.
 */
export function checkSignature(request: S3Request, signer: Signer, nowMs: number): void {
  const authorization = header(request, "authorization");
  if (authorization === undefined) throw new S3Failure("AccessDenied", "Access Denied");
  const match = authorizationShape.exec(authorization);
  if (match === null) {
    throw new S3Failure(
      "AccessDenied",
      "AWS authentication requires a valid Authorization header.",
    );
  }
  const [, accessKeyId = "", day = "", region = "", signedHeaders = "", signature = ""] = match;
  if (accessKeyId !== signer.accessKeyId) {
    throw new S3Failure(
      "InvalidAccessKeyId",
      "The AWS Access Key Id does not exist in our records.",
    );
  }
  const timestamp = checkTime(request, { day, nowMs });
  if (region !== signer.region) throw mismatch(`the region is ${signer.region}`);
  const names = signedHeaders.split(";");
  checkSignedHeaders(request, names);
  const scope = `${day}/${region}/s3/aws4_request`;
  const canonical = canonicalRequest(request, names);
  const toSign = ["AWS4-HMAC-SHA256", timestamp, scope, sha256(canonical)].join("\n");
  const dayKey = hmac(`AWS4${signer.secretAccessKey}`, day);
  const key = hmac(hmac(hmac(dayKey, region), "s3"), "aws4_request");
  const expected = hmac(key, toSign);
  if (!timingSafeEqual(expected, Buffer.from(signature, "hex"))) {
    throw mismatch("check the secret access key and the signing method");
  }
}

function checkTime(
  request: S3Request,
  { day, nowMs }: { readonly day: string; readonly nowMs: number },
): string {
  const timestamp = header(request, "x-amz-date") ?? "";
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp);
  if (parts === null) throw new S3Failure("AccessDenied", "A valid x-amz-date header is required.");
  const [year = 0, month = 1, date, hours, minutes, seconds] = parts.slice(1).map(Number);
  const at = Date.UTC(year, month - 1, date, hours, minutes, seconds);
  if (!timestamp.startsWith(day) || Math.abs(at - nowMs) > maxSkewMs) {
    throw new S3Failure(
      "RequestTimeTooSkewed",
      "The difference between the request time and the current time is too large.",
    );
  }
  return timestamp;
}

/** Host and every x-amz header must be signed, or a middleman could change them. */
function checkSignedHeaders(request: S3Request, names: readonly string[]): void {
  const sent = Object.keys(request.headers).filter((name) => name.startsWith("x-amz-"));
  for (const name of ["host", "x-amz-content-sha256", ...sent]) {
    if (!names.includes(name)) throw mismatch(`header ${name} is not signed`);
  }
  if (header(request, "x-amz-content-sha256") === undefined) {
    throw new S3Failure("InvalidArgument", "Missing required header: x-amz-content-sha256");
  }
}

function canonicalRequest(request: S3Request, names: readonly string[]): string {
  const path = request.rawPath
    .split("/")
    .map((part) => encode(decodeURIComponent(part)))
    .join("/");
  const query = request.query
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join("&");
  const headers = names.map((name) => {
    const value = request.headers[name];
    const text = Array.isArray(value) ? value.join(",") : (value ?? "");
    return `${name}:${text.trim().replace(/ +/g, " ")}\n`;
  });
  const hash = header(request, "x-amz-content-sha256") ?? "";
  return [request.method, path, query, headers.join(""), names.join(";"), hash].join("\n");
}

/** Percent-encoding of all but the unreserved characters of RFC 3986, as SigV4 wants it. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function mismatch(why: string): S3Failure {
  return new S3Failure(
    "SignatureDoesNotMatch",
    `The request signature we calculated does not match the signature you provided: ${why}.`,
  );
}
