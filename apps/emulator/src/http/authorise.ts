/** Who calls an ingest endpoint. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Arrival } from "../state/arrival-log.ts";
import { refusal } from "../state/refusal.ts";
import type { World } from "../world.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Owner and data space of the bearer token. */
    caller: { readonly userId: string; readonly dataspace: string } | null;
    /** A creation's place in the hourly count. */
    arrival: Arrival | null;
  }
}

/**
 * Lets only Data Cloud tokens through to the routes of `app`: 401 for a missing, unknown or expired
 * one, 400 with an empty body (or 401) for a Salesforce token. Counts authorised calls.
 */
export function addAuthorisation(app: FastifyInstance, world: World): void {
  app.decorateRequest("caller", null);
  app.decorateRequest("arrival", null);
  app.addHook("onRequest", async (request, reply) => {
    const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
    const bearer = world.tokens.find(token, world.clock.now());
    switch (bearer.kind) {
      case "data-cloud":
        request.caller = bearer;
        count(world, request);
        return undefined;
      case "core":
        return refuseCoreToken(world, reply);
      case "unknown":
        throw refusal(401, "Authentication failed because the JWT is invalid or expired.");
    }
  });
  app.addHook("onResponse", async (request, reply) => {
    const { arrival } = request;
    const { countedCreations } = world.settings;
    if (arrival === null || countedCreations === "authorised") return;
    if (countedCreations === "not-throttled") arrival.counts = reply.statusCode !== 429;
    else arrival.counts = request.call.accepted;
  });
}

function count(world: World, request: FastifyRequest): void {
  const { kind } = request.call;
  const now = world.clock.now();
  if (kind === "create") request.arrival = world.creations.arrive(now);
  if (world.settings.slotReading !== "every-request" || kind?.startsWith("stream-")) return;
  const waitMs = world.bulkRequests.excess(world.bulkRequests.arrive(now));
  if (waitMs !== undefined) {
    throw refusal(429, `more than ${world.settings.slotsPerWindow} requests in an hour`, {
      waitMs,
    });
  }
}

function refuseCoreToken(world: World, reply: FastifyReply): FastifyReply {
  if (world.settings.coreTokenStatus === 400) return reply.code(400).send();
  throw refusal(401, "Authentication failed because the JWT is invalid or expired.");
}
