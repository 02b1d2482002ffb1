/** A server on loopback that answers each request as the test says. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { type ApiClient, createApiClient } from "./api-client.ts";

/** Answers the nth request by the nth of these, the last one for all that follow. */
export async function scriptedServer(
  ...answers: readonly ((
    request: IncomingMessage,
    response: ServerResponse,
  ) => void | Promise<void>)[]
): Promise<{ readonly client: ApiClient; readonly seen: readonly IncomingMessage[] }> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(seen.length, answers.length - 1)];
    seen.push(request);
    void answer?.(request, response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const client = createApiClient(
    { apiUrl: `http://127.0.0.1:${port}`, apiKey: "key", retries: 3 },
    { signal: new AbortController().signal, report: () => undefined },
  );
  return { client, seen };
}

/** A refusal as the API words it. */
export function problem(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify({ code, detail: `detail of ${code}` }));
}
