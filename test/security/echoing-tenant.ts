/** A tenant that answers calls with what it was sent, headers and body, as no tenant should. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

export interface EchoingTenant {
  readonly origin: string;
  /** Whether logins are refused, with the assertion in the description. */
  refusesLogins: boolean;
  /** Authorization headers and assertions that it was sent. */
  readonly credentials: readonly string[];
}

/**
 * Logs in whoever asks. The objects of `crm` say what goes wrong: `create400` and `create500` at the
 * creation, `upload400`, `upload401` and `uploadHtml` at the upload.
 */
export async function startEchoingTenant(tokens: {
  readonly core: string;
  readonly dataCloud: string;
}): Promise<EchoingTenant> {
  const credentials: string[] = [];
  const objects = new Map<string, string>();
  const tenant = { origin: "", refusesLogins: false, credentials };
  const server = createServer(async (request, response) => {
    const { method = "", url = "", headers } = request;
    const body = await text(request);
    const echo = JSON.stringify(headers) + body;
    if (headers.authorization !== undefined) credentials.push(headers.authorization);
    if (url === "/services/oauth2/token") {
      credentials.push(new URLSearchParams(body).get("assertion") ?? "");
      if (tenant.refusesLogins)
        return json(response, 400, { error: "invalid_grant", error_description: echo });
      return json(response, 200, {
        access_token: tokens.core,
        instance_url: tenant.origin,
        id: `${tenant.origin}/id/00D000000000001/005000000000001`,
      });
    }
    if (url === "/services/a360/token")
      return json(response, 200, {
        access_token: tokens.dataCloud,
        instance_url: tenant.origin,
        expires_in: 7200,
      });
    return answer(request, response, { method, body, echo });
  });

  function answer(
    { url = "" }: IncomingMessage,
    response: ServerResponse,
    seen: { readonly method: string; readonly body: string; readonly echo: string },
  ): unknown {
    const { method, body, echo } = seen;
    const [, id = ""] = /^\/api\/v1\/ingest\/jobs\/([^/?]+)/.exec(url) ?? [];
    if (method === "GET" && id === "") return json(response, 200, { data: [] });
    if (method === "POST") {
      const { object } = JSON.parse(body) as { readonly object: string };
      const [, status] = /^create(\d+)$/.exec(object) ?? [];
      if (status !== undefined) return json(response, Number(status), { message: echo });
      const made = `job-of-${object}`.toLowerCase();
      objects.set(made, object);
      return json(response, 201, job(made, object, "Open"));
    }
    const object = objects.get(id) ?? "";
    if (method !== "PUT")
      return json(response, 200, job(id, object, method === "PATCH" ? "Aborted" : "Open"));
    if (object === "uploadHtml") {
      response.writeHead(403, { "content-type": "text/html" });
      return response.end(`<html><script>${echo}</script></html>`);
    }
    return json(response, object === "upload401" ? 401 : 400, { message: echo, error: echo });
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not a TCP server");
  tenant.origin = `http://127.0.0.1:${address.port}`;
  return tenant;
}

function job(id: string, object: string, state: string): object {
  return { id, object, sourceName: "crm", operation: "upsert", state };
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
