/** The control routes under `/__emulator`: for tests, in any language, without a token. */
import { Readable } from "node:stream";
import { epochMs, milliseconds } from "@headgate/core";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { parse } from "../http/parse-input.ts";
import { parseSettings } from "../settings.ts";
import { connectedAppShape } from "../state/connected-apps.ts";
import { faultShape } from "../state/faults.ts";
import { refusal } from "../state/refusal.ts";
import type { World } from "../world.ts";
import { originOf } from "./token-routes.ts";

const clockChange = z.strictObject({
  mode: z.enum(["real", "manual"]).optional(),
  now: z.number().optional(),
  advanceMs: z.number().min(0).optional(),
});
const tokenRequest = z.strictObject({
  user: z.string().default("ci@example.com"),
  dataspace: z.string().default("default"),
});
const logQuery = z.looseObject({ since: z.coerce.number().int().min(0).default(0) });

/** State, request log, maxima, clock, faults, settings, schemas, connected apps, tokens, reset. */
export async function controlRoutes(app: FastifyInstance, world: World): Promise<void> {
  app.addContentTypeParser(
    "*",
    { parseAs: "string" },
    async (_request: unknown, body: string) => body,
  );

  app.get("/state", async () => world.report());
  app.get<{ Params: { sourceName: string; object: string } }>(
    "/applied/:sourceName/:object",
    async (request, reply) => {
      const { sourceName, object } = request.params;
      const lines = await world.applied(sourceName, object);
      if (lines === undefined) throw refusal(404, `no applied rows of ${sourceName}/${object}`);
      return reply.type("text/plain").send(Readable.from(lines, { objectMode: false }));
    },
  );
  app.get("/limits", async () => world.maxima());
  app.get("/requests", async (request) => ({
    requests: world.requests.since(parse(logQuery, request.query).since),
  }));

  const clockReport = () => ({ now: world.clock.now(), mode: world.clock.mode });
  app.get("/clock", async () => clockReport());
  app.post("/clock", async (request) => {
    const { mode, now, advanceMs } = parse(clockChange, request.body);
    if (mode !== undefined) world.clock.setMode(mode);
    if (now !== undefined) world.clock.moveTo(epochMs(now));
    if (advanceMs !== undefined) world.clock.advance(milliseconds(advanceMs));
    world.settle();
    return clockReport();
  });

  app.get("/faults", async () => ({ faults: world.faults.report() }));
  app.post("/faults", async (request, reply) => {
    world.faults.add(parse(z.array(faultShape), request.body));
    return reply.code(201).send({ faults: world.faults.report() });
  });
  app.delete("/faults", async (_request, reply) => {
    world.faults.clear();
    return reply.code(204).send();
  });

  app.get("/settings", async () => world.settings);
  app.post("/settings", async (request) => {
    const changes = parse(z.looseObject({}), request.body);
    return Object.assign(world.settings, parseSettings({ ...world.settings, ...changes }));
  });

  app.post<{ Params: { sourceName: string } }>("/schemas/:sourceName", async (request, reply) => {
    const { body } = request;
    if (typeof body !== "string") throw refusal(400, "send the schema as YAML text");
    world.registerSchema(request.params.sourceName, body);
    return reply.code(201).send({ connectors: world.connectors.report() });
  });
  app.post("/connected-apps", async (request, reply) => {
    world.registerConnectedApp(parse(connectedAppShape, request.body));
    return reply.code(204).send();
  });
  app.post("/tokens", async (request, reply) => {
    const { user, dataspace } = parse(tokenRequest, request.body || {});
    const now = world.clock.now();
    const owner = { userId: world.tokens.userIdOf(user), consumerKey: "control", dataspace };
    const { token } = await world.tokens.issueDataCloud(owner, originOf(request), now);
    return reply.code(201).send({ access_token: token });
  });
  app.delete("/tokens", async (_request, reply) => {
    world.tokens.revokeAll();
    return reply.code(204).send();
  });

  app.post("/reset", async (_request, reply) => {
    world.reset();
    return reply.code(204).send();
  });
}
