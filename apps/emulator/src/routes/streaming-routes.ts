/** The streaming endpoints under `/api/v1/ingest/sources/{sourceName}/{object}`. */
import { streamingDeleteBody, streamingUpsertBody } from "@headgate/ingestion-api/contract";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { errorBody } from "../http/error-body.ts";
import { parse } from "../http/parse-input.ts";
import { refusal } from "../state/refusal.ts";
import { validate } from "../state/streaming.ts";
import type { World } from "../world.ts";

interface OfObject {
  Params: { sourceName: string; object: string };
}

const idsInQuery = z.looseObject({ ids: z.string().optional() });
const path = "/api/v1/ingest/sources/:sourceName/:object";

/** Upsert, delete and validation of records. */
export async function streamingRoutes(app: FastifyInstance, world: World): Promise<void> {
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    async (_request: unknown, body: Buffer) => {
      const { maxStreamingBodyBytes } = world.settings;
      if (body.length > maxStreamingBodyBytes) {
        throw refusal(
          413,
          `body of ${body.length} bytes, at most ${maxStreamingBodyBytes} are allowed`,
        );
      }
      return body.length === 0 ? undefined : parseJson(body.toString());
    },
  );
  app.addHook("onRequest", async () => world.streaming.admit(world.clock.now()));

  app.post<OfObject>(path, { config: { kind: "stream-upsert" } }, async (request, reply) => {
    const { sourceName, object } = request.params;
    const now = world.clock.now();
    const schema = world.connectors.find(sourceName, object, now);
    const { data } = parse(streamingUpsertBody, request.body);
    world.streaming.upsert(sourceName, schema, data, now);
    request.call.accepted = true;
    return reply.code(202).send({ accepted: true });
  });

  app.delete<OfObject>(path, { config: { kind: "stream-delete" } }, async (request, reply) => {
    const { sourceName, object } = request.params;
    const now = world.clock.now();
    const schema = world.connectors.find(sourceName, object, now);
    const inQuery = parse(idsInQuery, request.query).ids;
    const ids =
      inQuery === undefined ? parse(streamingDeleteBody, request.body).ids : inQuery.split(",");
    world.streaming.delete(sourceName, schema, ids, now);
    request.call.accepted = true;
    return reply.code(202).send({ accepted: true });
  });

  app.post<OfObject>(
    `${path}/actions/test`,
    { config: { kind: "stream-test" } },
    async (request, reply) => {
      const { sourceName, object } = request.params;
      const schema = world.connectors.find(sourceName, object, world.clock.now());
      const { data } = parse(streamingUpsertBody, request.body);
      const findings = validate(schema, data);
      if (findings.length > 0) {
        const validationReport = findings.map(({ record, causingExceptions }) => ({
          record,
          causingExceptions: [...causingExceptions],
        }));
        const message = "The JSON is well-formed but does not match the schema.";
        return reply.code(400).send(errorBody(world, request, 400, message, { validationReport }));
      }
      request.call.accepted = true;
      return reply.code(world.settings.validationStatus).send({ accepted: true });
    },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refusal(400, "the body is not JSON");
  }
}
