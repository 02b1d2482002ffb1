/**
 * Bounds what an S3 server may answer where the SDK would hold it all in memory: everything but the
 * bytes of an object that was asked for.
 */
import { Readable } from "node:stream";
import type { S3ClientConfig } from "@aws-sdk/client-s3";
import type { NodeHttpHandler } from "@smithy/node-http-handler";

/** Longest error that is read: 1 MiB. */
const maxErrorBytes = 1024 * 1024;
/** Longest listing that is read: 16 MiB; one of 1,000 keys of 1,024 bytes has less, encoded threefold. */
const maxListingBytes = 16 * 1024 * 1024;

/** The handler, with longer answers cut off, which the SDK then cannot parse; their status stays. */
export function boundAnswers(
  handler: NodeHttpHandler,
): NonNullable<S3ClientConfig["requestHandler"]> {
  const handle: NodeHttpHandler["handle"] = async (request, options) => {
    const output = await handler.handle(request, options);
    const { response } = output;
    const isError = response.statusCode >= 300;
    if (!isError && request.query["x-id"] === "GetObject") return output;
    if (response.body instanceof Readable)
      response.body = Readable.from(
        firstBytes(response.body, isError ? maxErrorBytes : maxListingBytes),
        { objectMode: false },
      );
    return output;
  };
  return {
    handle,
    updateHttpClientConfig: (key, value) => handler.updateHttpClientConfig(key, value),
    httpHandlerConfigs: () => handler.httpHandlerConfigs(),
    destroy: () => handler.destroy(),
  };
}

/** Leaving the loop closes the body, and with it the connection where there is more to come. */
async function* firstBytes(body: AsyncIterable<Uint8Array>, most: number) {
  let left = most;
  for await (const chunk of body) {
    yield chunk.subarray(0, left);
    left -= chunk.byteLength;
    if (left <= 0) return;
  }
}
