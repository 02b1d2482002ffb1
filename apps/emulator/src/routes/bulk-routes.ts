/** The bulk endpoints under `/api/v1/ingest/jobs`. */
import { type RemoteState, remoteStates } from "@headgate/core";
import {
  createBulkJobBody,
  defaultListLimit,
  maxListLimit,
  patchBulkJobBody,
} from "@headgate/ingestion-api/contract";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { strikeBefore } from "../http/call-hooks.ts";
import { parse } from "../http/parse-input.ts";
import { createdWire, infoWire, patchedWire } from "../state/bulk-job.ts";
import { listOrders } from "../state/bulk-jobs.ts";
import { refusal } from "../state/refusal.ts";
import type { World } from "../world.ts";
import { uploadRoute } from "./upload-route.ts";

interface ById {
  Params: { id: string };
}

const jobsPath = "/api/v1/ingest/jobs";

/** Create, upload, close or abort, info, list, delete. */
export async function bulkRoutes(app: FastifyInstance, world: World): Promise<void> {
  await app.register((scope: FastifyInstance) => uploadRoute(scope, world));

  app.post(jobsPath, { config: { kind: "create" } }, async (request, reply) => {
    const body = parse(createBulkJobBody, request.body);
    if (await strikeBefore(world, request, reply, "create", body)) return reply;
    const now = world.settle();
    const { caller, arrival } = request;
    if (caller === null || arrival === null) throw refusal(401, "not authorised");
    const schema = world.connectors.find(body.sourceName, body.object, now);
    const { userId: createdById, dataspace } = caller;
    const bulkJob = world.bulkJobs.create(
      { ...body, schema, createdById, dataspace },
      arrival,
      now,
    );
    request.call.accepted = true;
    request.call.bulkJobId = bulkJob.id;
    return reply.code(201).send(createdWire(bulkJob));
  });

  app.patch<ById>(`${jobsPath}/:id`, { config: { kind: "close" } }, async (request, reply) => {
    const { state } = parse(patchBulkJobBody, request.body);
    const bulkJob = world.bulkJobs.get(request.params.id);
    const kind = state === "Aborted" ? "abort" : "close";
    request.call.kind = kind;
    request.call.bulkJobId = bulkJob.id;
    if (await strikeBefore(world, request, reply, kind, bulkJob)) return reply;
    const now = world.settle();
    if (kind === "abort") {
      world.bulkJobs.abort(bulkJob, now);
    } else {
      world.bulkJobs.close(bulkJob, now, () => world.faults.take("processing", bulkJob)?.kind);
    }
    request.call.accepted = true;
    return patchedWire(bulkJob);
  });

  app.get<ById>(`${jobsPath}/:id`, { config: { kind: "info" } }, async (request) => {
    const bulkJob = world.bulkJobs.get(request.params.id);
    request.call.accepted = true;
    return infoWire(bulkJob);
  });

  app.get(jobsPath, { config: { kind: "list" } }, async (request) => {
    const query = parse(listQuery, request.query);
    request.call.accepted = true;
    return { data: world.bulkJobs.list(query).map(infoWire) };
  });

  app.delete<ById>(`${jobsPath}/:id`, { config: { kind: "delete" } }, async (request, reply) => {
    world.bulkJobs.delete(world.bulkJobs.get(request.params.id));
    request.call.accepted = true;
    return reply.code(204).send();
  });
}

const stateList = z
  .string()
  .transform((text) => text.split(",").filter((state) => state !== ""))
  .pipe(z.array(z.enum(remoteStates)));

/** Older documentation spells the parameters `orderby` and `state`, and clients send them empty. */
const listQuery = z
  .looseObject({
    limit: z.coerce.number().int().min(1).max(maxListLimit).default(defaultListLimit),
    offset: z.coerce.number().int().min(0).default(0),
    orderBy: z.enum([...listOrders, ""]).optional(),
    orderby: z.enum([...listOrders, ""]).optional(),
    states: stateList.optional(),
    state: stateList.optional(),
  })
  .transform((query) => {
    const states: readonly RemoteState[] = query.states ?? query.state ?? [];
    return {
      limit: query.limit,
      offset: query.offset,
      orderBy: query.orderBy || query.orderby || ("systemModstamp" as const),
      states: states.length > 0 ? states : undefined,
    };
  });
