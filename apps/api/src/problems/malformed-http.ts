import type { Socket } from "node:net";
import { httpProblems } from "./problem-table.ts";
import { headOf } from "./problems.ts";

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
  const body = JSON.stringify({
    ...headOf("bad_request", httpProblems.bad_request),
    status: Number(statusLine.slice(0, 3)),
    detail: "the request cannot be understood",
    fields: {},
  });
  socket.write(
    `HTTP/1.1 ${statusLine}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  // A client that goes on sending must not keep the connection.
  socket.destroySoon();
}
