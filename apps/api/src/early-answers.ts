/**
 * An answer that is given before its request was sent to the end, such as 413. If the connection were
 * closed at once, what the client still sends would be answered by a reset, and the answer be lost.
 */
import type { FastifyInstance } from "fastify";

/** Reads on, into nothing, for so long, so that clients that send first and read then get their answer. */
export function readOnAfterEarlyAnswers(app: FastifyInstance, readOnMs: number): void {
  app.addHook("onSend", async ({ raw }, reply) => {
    if (raw.complete || reply.getHeader("connection") !== "close") return;
    reply.removeHeader("connection");
    const timer = setTimeout(() => raw.socket.destroy(), readOnMs);
    const ended = (): void => clearTimeout(timer);
    raw.once("end", ended).once("close", ended);
    raw.resume();
  });
}
