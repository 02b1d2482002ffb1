/** The API's login: `Authorization: Bearer` and an API key or a token, on every request of its scope. */
import type { Client } from "@headgate/config";
import { type ClientAccess, withPlace } from "@headgate/core";
import type { Caller } from "@headgate/orchestrator/producer";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { HttpProblem } from "../problems/problems.ts";
import { type ApiClients, clientOfKey, clientOfSubject } from "./clients.ts";
import type { JwtLogin } from "./jwt-login.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Name of the client, or `board:` and the user, that opened this request; "" where none was asked for. */
    principal: string;
    /** The client that opened this request; undefined outside of `/v1`. */
    client: ClientAccess | undefined;
  }
}

export interface BearerLogin {
  /** Clients as they are now; asked for with every request, so that changes need no restart. */
  readonly clients: () => ApiClients;
  /** Absent: API keys only. */
  readonly jwt?: JwtLogin | undefined;
}

/** Gives the place of the files that a client has sent; it may always load from there. */
export type PlaceOf = (client: string) => string;

/** API keys have no dots; a token has three parts. It has to fit into the head of a request. */
const bearer = /^Bearer +([\x21-\x7e]{1,8192})$/i;
const token = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** Closes a scope to all who do not log in; a request without a valid login is answered 401. */
export function requireLogin(
  scope: FastifyInstance,
  login: BearerLogin,
  placeOf: PlaceOf | undefined,
): void {
  scope.addHook("onRequest", async (request: FastifyRequest) => {
    const header = request.headers.authorization;
    const credential = header === undefined ? undefined : bearer.exec(header)?.[1];
    if (credential === undefined)
      throw new HttpProblem("unauthenticated", "send the header authorization: Bearer <api key>", {
        "www-authenticate": 'Bearer realm="headgate"',
      });
    const { access } = await clientOf(login, credential);
    request.client = placeOf === undefined ? access : withPlace(access, placeOf(access.name));
    request.principal = access.name;
  });
}

async function clientOf({ clients, jwt }: BearerLogin, credential: string): Promise<Client> {
  const found =
    jwt !== undefined && token.test(credential)
      ? clientOfSubject(clients(), await jwt(credential))
      : clientOfKey(clients(), credential, Date.now());
  if (found !== undefined) return found;
  throw new HttpProblem("unauthenticated", "the credential opens no client of this API", {
    "www-authenticate": 'Bearer realm="headgate", error="invalid_token"',
  });
}

/** The client of a request that has passed the login. */
export function clientOfRequest(request: FastifyRequest): ClientAccess {
  if (request.client === undefined) throw new Error("the route is outside of the login");
  return request.client;
}

/** Who asks, for the doors. */
export function callerOf(request: FastifyRequest): Caller {
  const access = clientOfRequest(request);
  return { principal: access.name, via: "http", access };
}
