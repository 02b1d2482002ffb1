/** The API's login: `Authorization: Bearer <api key>` on every request of its scope. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type ApiKey, findApiKey } from "./api-keys.ts";
import { HttpProblem } from "./problems.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Name of the API key, or `board:` and the user, that opened this request; "" where none was asked for. */
    principal: string;
  }
}

const bearer = /^Bearer +([\x21-\x7e]{1,256})$/i;

/** Closes a scope to all who do not send one of these keys; a request without one is answered 401. */
export function requireApiKey(scope: FastifyInstance, keys: readonly ApiKey[]): void {
  scope.addHook("onRequest", async (request: FastifyRequest) => {
    const header = request.headers.authorization;
    const token = header === undefined ? undefined : bearer.exec(header)?.[1];
    if (token === undefined)
      throw new HttpProblem("unauthenticated", "send the header authorization: Bearer <api key>", {
        "www-authenticate": 'Bearer realm="headgate"',
      });
    const key = findApiKey(keys, token);
    if (key === undefined)
      throw new HttpProblem("unauthenticated", "the API key is not one of this API", {
        "www-authenticate": 'Bearer realm="headgate", error="invalid_token"',
      });
    request.principal = key.name;
  });
}
