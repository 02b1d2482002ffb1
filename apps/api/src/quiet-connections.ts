/** Ends what would hold up a close for as long as its client likes: connections without a request. */
import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";

/**
 * From the start of a close on, leaves no connection open on which no request is being answered. Node
 * itself ends only those that wait between two requests, and no longer looks at its time limits then:
 * a connection that has sent nothing, such as a browser opens ahead, or half a head, would stay.
 */
export function endQuietConnections(app: FastifyInstance): void {
  const quiet = new Set<Socket>();
  let closing = false;
  app.server.on("connection", (socket) => {
    if (closing) {
      socket.destroy();
      return;
    }
    quiet.add(socket);
    socket.once("close", () => quiet.delete(socket));
  });
  app.server.on("request", ({ socket }, response) => {
    quiet.delete(socket);
    response.once("close", () => {
      if (closing) socket.destroySoon();
      else if (!socket.destroyed) quiet.add(socket);
    });
  });
  app.addHook("preClose", async () => {
    closing = true;
    for (const socket of quiet) socket.destroy();
  });
}
