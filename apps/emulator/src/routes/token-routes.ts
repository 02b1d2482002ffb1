/** The two token calls: JWT bearer login, and exchange for a Data Cloud token. */
import { epochMs } from "@headgate/core";
import {
  accessTokenType,
  dataCloudGrantType,
  jwtBearerGrantType,
  jwtTokenType,
} from "@headgate/ingestion-api/contract";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { addCallHooks } from "../http/call-hooks.ts";
import type { World } from "../world.ts";

const granted = "cdp_ingest_api api";

/** `POST /services/oauth2/token` and `POST /services/a360/token`, both form-encoded. */
export async function tokenRoutes(app: FastifyInstance, world: World): Promise<void> {
  addCallHooks(app, world);
  app.removeAllContentTypeParsers();
  // Any content type: Salesforce's own sample names one that is none ("x-www-form-urlencoded").
  app.addContentTypeParser(
    "*",
    { parseAs: "string" },
    async (_request: FastifyRequest, body: string) => body,
  );

  app.post("/services/oauth2/token", { config: { kind: "login" } }, async (request, reply) => {
    const form = formOf(request);
    if (form.get("grant_type") !== jwtBearerGrantType) {
      return refuse(reply, "unsupported_grant_type", "grant type not supported");
    }
    const { clock, connectedApps, settings, tokens } = world;
    const now = settings.loginClock === "machine" ? epochMs(Date.now()) : clock.now();
    const origin = originOf(request);
    const login = await connectedApps.login(form.get("assertion") ?? "", origin, now);
    if (login.kind === "refused") return refuse(reply, login.error, login.description);
    request.call.accepted = true;
    const { token, userId } = tokens.issueCore(login.consumerKey, login.user, clock.now());
    return {
      access_token: token,
      scope: granted,
      instance_url: origin,
      id: `${origin}/id/00Dxx0000006JFrEAM/${userId}`,
      token_type: "Bearer",
    };
  });

  app.post("/services/a360/token", { config: { kind: "exchange" } }, async (request, reply) => {
    const form = formOf(request);
    if (form.get("grant_type") !== dataCloudGrantType) {
      return refuse(reply, "unsupported_grant_type", "grant type not supported");
    }
    if (form.get("subject_token_type") !== accessTokenType) {
      return refuse(reply, "invalid_request", "subject_token_type is invalid");
    }
    const now = world.clock.now();
    const bearer = world.tokens.find(form.get("subject_token") ?? "", now);
    if (bearer.kind !== "core") return refuse(reply, "invalid_grant", "subject_token is invalid");
    const { userId, consumerKey } = bearer;
    const owner = { userId, consumerKey, dataspace: form.get("dataspace") ?? "default" };
    const origin = originOf(request);
    const issued = await world.tokens.issueDataCloud(owner, origin, now);
    request.call.accepted = true;
    const bare = world.settings.instanceUrlStyle === "bare-host";
    return {
      access_token: issued.token,
      instance_url: bare ? request.host : origin,
      token_type: "Bearer",
      issued_token_type: jwtTokenType,
      expires_in: issued.expiresInSeconds,
    };
  });
}

/** The emulator's own URL as this client reached it, so that it also works behind a port mapping. */
export function originOf(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}`;
}

function formOf(request: FastifyRequest): URLSearchParams {
  return new URLSearchParams(typeof request.body === "string" ? request.body : "");
}

function refuse(reply: FastifyReply, error: string, description: string): FastifyReply {
  return reply.code(400).send({ error, error_description: description });
}
