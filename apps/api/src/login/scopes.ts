/** Which scopes open a route. Every route of `/v1` says so in its `config`, or is not registered. */
import { BulkError, type ClientAccess, type Scope } from "@headgate/core";
import type { FastifyInstance } from "fastify";
import { clientOfRequest } from "./bearer-login.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Any one of these opens the route; `any`: every client. */
    scopes?: readonly Scope[] | "any";
  }
}

/** Refuses clients without one of a route's scopes with ERR_CLIENT_FORBIDDEN. */
export function requireScopes(scope: FastifyInstance): void {
  scope.addHook("onRoute", ({ config, method, url, schema }) => {
    // A path's refusal of other methods needs the login only.
    if (config?.scopes === undefined && schema?.hide !== true)
      throw new Error(`${String(method)} ${url} does not say which scopes open it`);
  });
  scope.addHook("onRequest", async (request) => {
    const { scopes = "any" } = request.routeOptions.config;
    const client = clientOfRequest(request);
    if (scopes === "any" || hasScope(client, ...scopes)) return;
    throw new BulkError(
      "ERR_CLIENT_FORBIDDEN",
      `client "${client.name}" has the scopes ${client.scopes.join(", ")}; this needs ${scopes.join(" or ")}`,
      { fields: { client: client.name, scopes: client.scopes.join(","), needs: scopes.join(",") } },
    );
  });
}

/** Whether the client has at least one of these. */
export function hasScope(client: ClientAccess, ...scopes: readonly Scope[]): boolean {
  return scopes.some((scope) => client.scopes.includes(scope));
}
