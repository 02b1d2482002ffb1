/** Which TCP ports can be listened on at this moment. */
import { once } from "node:events";
import { createServer } from "node:net";

/** A port on loopback that nobody listens on. */
export async function freeLoopbackPort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new TypeError("no port");
  return address.port;
}

/** Throws Node's error, whose `syscall` is "listen", where one could not listen now. Port 0 is any free one. */
export async function checkPort(place: {
  readonly host: string;
  readonly port: number;
}): Promise<void> {
  const probe = createServer().listen(place);
  await once(probe, "listening");
  probe.close();
  await once(probe, "close");
}
