/** A TCP port on loopback that nobody listens on at this moment. */
import { once } from "node:events";
import { createServer } from "node:net";

export async function freeLoopbackPort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new TypeError("no port");
  return address.port;
}
