/**
 * How long a request may take to arrive. Node has one limit for all requests of a server; here those
 * whose body is a file may take as long as bytes keep coming, and all others must be there in time.
 */
import type { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { answerMalformedHttp } from "./problems/malformed-http.ts";
import { HttpProblem } from "./problems/problems.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Its handler reads the body as it comes, and sees to it that it comes. */
    streamsBody?: boolean;
  }
}

/** For routes whose answers take as long as they take; the longest time a timer can have. */
export const noHandlerTimeoutMs: number = 2 ** 31 - 1;

/** Answers 408 to a request whose body is not there in time, and closes its connection. */
export function limitRequestTime(app: FastifyInstance, requestTimeoutMs: number): void {
  app.addHook("onRequest", async ({ raw, headers, routeOptions }) => {
    const hasBody = "content-length" in headers || "transfer-encoding" in headers;
    if (!hasBody || routeOptions.config.streamsBody === true) return;
    const timer = setTimeout(() => {
      const error = new Error("the body did not arrive in time");
      answerMalformedHttp(Object.assign(error, { code: "ERR_HTTP_REQUEST_TIMEOUT" }), raw.socket);
    }, requestTimeoutMs);
    const arrived = (): void => clearTimeout(timer);
    raw.once("end", arrived).once("close", arrived);
  });
}

/**
 * The bytes of a body as long as they keep coming. Throws HttpProblem request_timeout where none has
 * come for `idleMs`, and bad_request where the client has gone away.
 */
export async function* movingBytes(body: Readable, idleMs: number): AsyncGenerator<Buffer> {
  // Left early, it must stay open for the answer.
  const chunks = body.iterator({ destroyOnReturn: false });
  for (;;) {
    const stalled = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      stalled.reject(new HttpProblem("request_timeout", `no byte came for ${idleMs / 1000} s`));
    }, idleMs);
    try {
      const next = await Promise.race([chunks.next(), stalled.promise]);
      if (next.done === true) return;
      yield next.value;
    } catch (error) {
      if (error instanceof HttpProblem) throw error;
      throw new HttpProblem("bad_request", "the body broke off before its end");
    } finally {
      clearTimeout(timer);
    }
  }
}
