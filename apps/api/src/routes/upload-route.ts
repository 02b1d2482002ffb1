/**
 * `POST /v1/files`: takes a file of a client that has no store the workers can read. Its bytes go
 * straight to the upload folder; where they stand still for too long, or the client goes away,
 * nothing is left behind.
 */
import type { Readable } from "node:stream";
import { BulkError } from "@headgate/core";
import { z } from "zod";
import { count } from "../answers/common.ts";
import { callerOf } from "../login/bearer-login.ts";
import { answers, json } from "../openapi/describe-answers.ts";
import { HttpProblem } from "../problems/problems.ts";
import { movingBytes, noHandlerTimeoutMs } from "../request-time.ts";
import type { RouteContext, V1 } from "../v1.ts";

const mediaTypes = [
  ...["text/csv", "text/plain", "text/tab-separated-values", "application/octet-stream"],
  ...["application/gzip", "application/x-gzip", "application/zstd"],
];

const query = z.strictObject({
  name: z
    .string()
    .regex(/^[^/\\\p{Cc}]{1,255}$/u, "must be a file name of 1 to 255 characters, without a path")
    .exactOptional()
    .describe("file name that the URI ends with, so that .gz still says what it is"),
});

const uploadAnswer = z
  .object({
    uri: z.string().describe("name it as a load's source"),
    bytes: count,
    sha256: z.string().describe("of all bytes, in hex"),
  })
  .meta({ id: "Upload" });

export function uploadRoute(app: V1, { doors: { uploads }, limits }: RouteContext): void {
  // A scope of its own, whose bodies are not read into memory.
  app.register(async (scope: V1) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(mediaTypes, (_request, payload, done) => done(null, payload));
    scope.post(
      "/files",
      {
        config: { scopes: ["enqueue"], streamsBody: true },
        handlerTimeout: noHandlerTimeoutMs,
        schema: {
          ...{ tags: ["files"], operationId: "uploadFile", summary: "Send a file" },
          description: "The body is the file. Loads of the same client may name its URI as source.",
          consumes: mediaTypes,
          querystring: query,
          body: z.custom<Readable>().meta({ type: "string", format: "binary" }),
          response: answers(
            { 201: json("the file is stored whole", uploadAnswer) },
            ...[
              "uploads_off",
              "upload_too_large",
              "upload_failed",
              "media_type",
              "request_timeout",
            ],
          ),
        },
      },
      async (request, reply) => {
        if (uploads === undefined)
          throw new HttpProblem("uploads_off", "no upload folder is configured");
        const { principal: client } = callerOf(request);
        const announced = Number(request.headers["content-length"] ?? 0);
        const { name } = request.query;
        try {
          if (announced > uploads.maxBytes) throw tooLarge(announced, uploads.maxBytes);
          const stored = await uploads.receive({
            ...{
              client,
              announcedBytes: announced,
              body: movingBytes(request.body, limits.uploadIdleMs),
            },
            ...(name === undefined ? {} : { name }),
          });
          request.log.info({ bytes: stored.bytes }, "file received");
          return reply.code(201).send(stored);
        } catch (error) {
          // The rest of the body is not waited for.
          reply.header("connection", "close");
          throw error;
        }
      },
    );
  });
}

/** Said before a byte is read; of a body of unknown length the folder says it. */
function tooLarge(bytes: number, allowed: number): BulkError {
  return new BulkError(
    "ERR_UPLOAD_TOO_LARGE",
    `the file has ${bytes} bytes; a file may have ${allowed}`,
    { fields: { bytes, allowed } },
  );
}
