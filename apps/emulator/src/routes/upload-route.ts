/** `PUT /api/v1/ingest/jobs/{id}/batches`: one CSV, judged while it streams in. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { bodyOf } from "../http/call-hooks.ts";
import { createByteCounter } from "../judge/byte-counter.ts";
import { type CsvJudge, createCsvJudge } from "../judge/csv-judge.ts";
import type { BulkJob } from "../state/bulk-job.ts";
import type { PassedFile } from "../state/bulk-jobs.ts";
import { refusal } from "../state/refusal.ts";
import type { World } from "../world.ts";

/** The upload endpoint, in a scope of its own because it leaves the body unread. */
export async function uploadRoute(app: FastifyInstance, world: World): Promise<void> {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));

  app.put<{ Params: { id: string } }>(
    "/api/v1/ingest/jobs/:id/batches",
    { config: { kind: "upload" }, bodyLimit: Number.MAX_SAFE_INTEGER },
    async (request, reply) => {
      const bulkJob = world.bulkJobs.get(request.params.id);
      world.bulkJobs.beginUpload(bulkJob);
      try {
        const passed = await judge(world, request, bulkJob);
        world.settle();
        world.bulkJobs.acceptFile(bulkJob, passed);
        request.call.accepted = true;
      } catch (error) {
        bulkJob.refusedFiles += 1;
        throw error;
      } finally {
        bulkJob.uploading = false;
        world.notePartBytes(request.call.bytes ?? 0);
      }
      return reply.code(world.settings.uploadStatus).send({ accepted: true });
    },
  );
}

async function judge(world: World, request: FastifyRequest, bulkJob: BulkJob): Promise<PassedFile> {
  const { headers } = request;
  const { maxPartBytes } = world.settings;
  const contentType = headers["content-type"] ?? "";
  if (!/^text\/csv\s*(;|$)/i.test(contentType)) {
    throw refusal(415, `content-type is ${JSON.stringify(contentType)}, must be text/csv`);
  }
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") throw refusal(415, `content-encoding ${encoding} is not accepted`);
  const announced = Number(headers["content-length"] ?? 0);
  if (announced > maxPartBytes) {
    world.notePartBytes(announced);
    throw tooLarge(announced, maxPartBytes);
  }
  const csv = judgeFor(world, bulkJob, headers["content-length"]);
  try {
    for await (const chunk of bodyOf(request)) {
      const received = request.call.bytes ?? 0;
      if (received > maxPartBytes) throw tooLarge(received, maxPartBytes);
      await csv.write(chunk);
    }
    return await csv.end();
  } finally {
    csv.discard();
  }
}

/** Small files are judged here at once, large ones in a thread, so that other calls are not held up. */
function judgeFor(world: World, bulkJob: BulkJob, contentLength: string | undefined): CsvJudge {
  const { settings, judges } = world;
  if (settings.csvJudge === "off") return createByteCounter();
  const { operation, schema } = bulkJob;
  const small = contentLength !== undefined && Number(contentLength) < smallBytes;
  return small
    ? createCsvJudge({ operation, schema }, settings)
    : judges.judge({ operation, schema }, settings);
}

const smallBytes = 1_000_000;

function tooLarge(bytes: number, maxBytes: number): Error {
  return refusal(413, `body of ${bytes} bytes or more, at most ${maxBytes} are allowed`);
}
