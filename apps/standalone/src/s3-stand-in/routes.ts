/** Which operation a request is. */
import type { ServerResponse } from "node:http";
import { listObjects } from "./listing.ts";
import {
  abortUpload,
  completeUpload,
  createUpload,
  putPart,
  sendXml,
  type Uploads,
} from "./multipart.ts";
import { bucketOf, createBucket, type ObjectFolder } from "./object-folder.ts";
import { deleteObject, putObject, sendObject } from "./object-routes.ts";
import { S3Failure } from "./s3-failure.ts";
import { parameter, type S3Request } from "./s3-request.ts";

/** What the routes work on. */
export interface StandIn {
  readonly store: ObjectFolder;
  readonly uploads: Uploads;
  /** Whether reading is refused; the key is "" for the bucket itself. */
  readonly denied: (bucket: string, key: string) => boolean;
}

/**
 * Query parameters that go with an operation below. Any other names an operation that the stand-in
 * does not have, and must not be taken for a plain put or get.
 */
const knownParameters = new Set([
  "continuation-token",
  "delimiter",
  "encoding-type",
  "fetch-owner",
  "list-type",
  "max-keys",
  "partNumber",
  "prefix",
  "start-after",
  "uploadId",
  "uploads",
  "x-id",
]);

/** Serves a request whose signature was found good. Throws S3Failure. */
export async function route(
  standIn: StandIn,
  request: S3Request,
  response: ServerResponse,
): Promise<void> {
  const unknown = request.query.find(([name]) => !knownParameters.has(name));
  if (unknown !== undefined) throw notImplemented(`parameter ${unknown[0].slice(0, 40)}`);
  const reads = request.method === "GET" || request.method === "HEAD";
  if (reads && standIn.denied(request.bucket, request.key)) {
    throw new S3Failure("AccessDenied", "Access Denied");
  }
  if (request.bucket === "") throw notImplemented("listing buckets");
  await (request.key === "" ? bucketRoute : objectRoute)(standIn, request, response);
}

async function bucketRoute(
  standIn: StandIn,
  request: S3Request,
  response: ServerResponse,
): Promise<void> {
  const { store } = standIn;
  switch (request.method) {
    case "PUT":
      await createBucket(store, request.bucket);
      response.writeHead(200, { location: `/${request.bucket}` }).end();
      return;
    case "HEAD":
      bucketOf(store, request.bucket);
      response.writeHead(200).end();
      return;
    case "GET":
      if (parameter(request, "list-type") !== "2")
        throw notImplemented("listing other than version 2");
      sendXml(response, listObjects(request, bucketOf(store, request.bucket)));
      return;
    default:
      throw new S3Failure("MethodNotAllowed", "The method is not allowed against this resource.");
  }
}

async function objectRoute(
  standIn: StandIn,
  request: S3Request,
  response: ServerResponse,
): Promise<void> {
  const { uploads } = standIn;
  const bucket = bucketOf(standIn.store, request.bucket);
  const isUpload = parameter(request, "uploadId") !== undefined;
  switch (request.method) {
    case "PUT":
      return isUpload
        ? putPart(request, response, { bucket, uploads })
        : putObject(request, response, bucket);
    case "POST":
      if (isUpload) return completeUpload(request, response, { bucket, uploads });
      if (parameter(request, "uploads") === undefined) throw notImplemented("this POST");
      return createUpload(request, response, uploads);
    case "DELETE":
      return isUpload
        ? abortUpload(request, response, { bucket, uploads })
        : deleteObject(request, response, bucket);
    case "GET":
    case "HEAD":
      if (isUpload) throw notImplemented("listing parts");
      return sendObject(request, response, bucket);
    default:
      throw new S3Failure("MethodNotAllowed", "The method is not allowed against this resource.");
  }
}

function notImplemented(what: string): S3Failure {
  return new S3Failure("NotImplemented", `${what} is not implemented.`);
}
