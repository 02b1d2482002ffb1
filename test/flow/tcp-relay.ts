/** A TCP relay between two real parts, whose traffic a test can stop without closing a socket. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface TcpRelay {
  readonly port: number;
  /** How many connections clients have open, of those that have sent this text. */
  openWith(text: string): number;
  /** From now on no byte passes either way; nothing is closed. */
  blackHole(): void;
  /** Lets bytes pass again, those held back first. */
  heal(): void;
  close(): Promise<void>;
}

/** Relays to this port of loopback. */
export async function startTcpRelay(toPort: number): Promise<TcpRelay> {
  const sockets = new Set<Socket>();
  const said = new Map<Socket, string>();
  let isHole = false;
  const server = createServer((client) => {
    said.set(client, "");
    client.on("data", (chunk) => said.set(client, `${said.get(client)}${chunk}`));
    client.once("close", () => said.delete(client));
    const far = connect(toPort, "127.0.0.1");
    pass(client, far);
    pass(far, client);
  });
  function pass(from: Socket, into: Socket): void {
    sockets.add(from);
    from.on("data", (chunk) => into.write(chunk));
    from.on("error", () => undefined);
    from.once("close", () => {
      sockets.delete(from);
      into.destroy();
    });
    if (isHole) from.pause();
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the relay has no port");
  return {
    port: address.port,
    openWith: (text) => [...said.values()].filter((all) => all.includes(text)).length,
    blackHole() {
      isHole = true;
      for (const socket of sockets) socket.pause();
    },
    heal() {
      isHole = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
