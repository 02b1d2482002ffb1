import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import { httpProblems } from "./problem-table.ts";
import { HttpProblem, headOf } from "./problems.ts";

/** The status for what Node's HTTP parser refuses before there is a request, by the parser's code. */
const statusLines: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** Answers bytes that are no HTTP request with a problem and closes the connection. */
export function answerMalformedHttp(
  error: Error & { readonly code: string },
  socket: Socket,
): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const statusLine = statusLines[error.code] ?? "400 Bad Request";
  const body = badRequest(Number(statusLine.slice(0, 3)), "the request cannot be understood");
  socket.write(
    `HTTP/1.1 ${statusLine}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  // A client that goes on sending must not keep the connection.
  socket.destroySoon();
}

/** Refuses what Node would refuse by itself, without a problem: no Host, an Expect that nobody knows. */
export function refuseOddHeads(app: FastifyInstance): void {
  app.addHook("onRequest", async ({ raw, headers }) => {
    if (raw.httpVersion === "1.1" && headers.host === undefined)
      throw new HttpProblem("bad_request", "an HTTP/1.1 request must have the header Host");
  });
  app.server.on("checkExpectation", (_request, response) => {
    response
      .writeHead(417, { "content-type": "application/problem+json", connection: "close" })
      .end(badRequest(417, "the header Expect may only be 100-continue"));
  });
}

function badRequest(status: number, detail: string): string {
  const head = headOf("bad_request", httpProblems.bad_request);
  return JSON.stringify({ ...head, status, detail, fields: {} });
}
