import type { Socket } from "node:net";

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
    type: "urn:headgate:problem:bad_request",
    title: "the request is malformed",
    status: Number(statusLine.slice(0, 3)),
    detail: "the request cannot be understood",
    code: "bad_request",
    fields: {},
  });
  socket.end(
    `HTTP/1.1 ${statusLine}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
