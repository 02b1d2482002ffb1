/**
 * A TCP proxy that spoils what goes through it. One proxy stands between one program and one server;
 * a trouble strikes the connections that it has and those that come while it lasts.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";

/** What can be wrong with a network. */
export type Trouble =
  /** Every piece comes so much later. */
  | { readonly kind: "latency"; readonly delayMs: number }
  /**
   * Nothing comes through, and nobody is told. What was sent comes when it ends, even of a sender that
   * has died meanwhile, as TCP's retransmissions do.
   */
  | { readonly kind: "black-hole" }
  /** Every connection is reset, once. */
  | { readonly kind: "reset" }
  /** The server's side says that it is done, once; the client's may go on. */
  | { readonly kind: "half-close" }
  /** So many bytes a second, in each direction of each connection. */
  | { readonly kind: "trickle"; readonly bytesPerSecond: number }
  /** A connection is reset once so many bytes more have gone through it. */
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** New connections are refused: closed before a byte. */
  | { readonly kind: "refuse" };

export interface FaultProxy {
  readonly port: number;
  /** Replaces the trouble; undefined heals. */
  setTrouble(trouble: Trouble | undefined): void;
  /** Connections open now. */
  connections(): number;
  close(): Promise<void>;
}

/** A connection through the proxy; each direction has a lane of its own. */
interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** Bytes that may still pass while a cut is on. */
  bytesLeft: number;
}

/** Starts a proxy to `port` on 127.0.0.1 and resolves when it listens. */
export async function startFaultProxy(options: {
  readonly port: number;
  /** How a piece is held up, in milliseconds. Default: by the machine's timers. */
  readonly sleep?: (delayMs: number) => Promise<unknown>;
}): Promise<FaultProxy> {
  const { port, sleep = (delayMs) => setTimeout(delayMs, undefined, { ref: false }) } = options;
  const links = new Set<Link>();
  let trouble: Trouble | undefined;
  let healed = Promise.withResolvers<void>();

  const proxy = createServer({ allowHalfOpen: true }, (client) => {
    if (trouble?.kind === "refuse") {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const link: Link = { client, server, bytesLeft: bytesOf(trouble) };
    links.add(link);
    const end = (): void => {
      links.delete(link);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", end);
    }
    void run(link, client, server);
    void run(link, server, client);
  });

  /** Carries one direction to its end. */
  async function run(link: Link, from: Socket, to: Socket): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        for (const piece of piecesOf(chunk, trouble)) {
          await delayOf(piece.length);
          if (trouble?.kind === "cut") {
            link.bytesLeft -= piece.length;
            if (link.bytesLeft < 0) return void link.client.resetAndDestroy();
          }
          if (from.destroyed || to.destroyed) return;
          if (!to.write(piece)) await Promise.race([once(to, "drain"), once(to, "close")]);
        }
      }
      await delayOf(0);
      to.end();
    } catch {
      // Reset by one side; the close of the socket ends the link.
    }
  }

  /** Waits as long as the trouble of this moment holds a piece up. */
  async function delayOf(bytes: number): Promise<void> {
    while (trouble?.kind === "black-hole") await healed.promise;
    const delayMs =
      trouble?.kind === "latency"
        ? trouble.delayMs
        : trouble?.kind === "trickle"
          ? (bytes * 1000) / trouble.bytesPerSecond
          : 0;
    // Not beyond the end of the trouble.
    if (delayMs > 0) await Promise.race([sleep(delayMs), healed.promise]);
  }

  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = proxy.address();
  if (address === null || typeof address === "string") throw new TypeError("the proxy has no port");
  return {
    port: address.port,
    setTrouble(next) {
      trouble = next;
      healed.resolve();
      healed = Promise.withResolvers();
      for (const link of links) {
        link.bytesLeft = bytesOf(next);
        if (next?.kind === "reset") link.client.resetAndDestroy();
        if (next?.kind === "half-close") link.client.end();
      }
    },
    connections: () => links.size,
    async close() {
      const closed = once(proxy, "close");
      proxy.close();
      healed.resolve();
      for (const { client, server } of links) for (const end of [client, server]) end.destroy();
      await closed;
    },
  };
}

/** Bytes in one go while bytes trickle: so few that a piece is not late by more than a moment. */
const trickleBytes = 1024;

function* piecesOf(chunk: Buffer, trouble: Trouble | undefined): Generator<Buffer> {
  const most = trouble?.kind === "trickle" ? trickleBytes : chunk.length;
  for (let at = 0; at < chunk.length; at += most) yield chunk.subarray(at, at + most);
}

function bytesOf(trouble: Trouble | undefined): number {
  return trouble?.kind === "cut" ? trouble.afterBytes : Number.POSITIVE_INFINITY;
}
