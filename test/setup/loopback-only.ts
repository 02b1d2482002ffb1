/**
 * Keeps tests off the network: a TCP connection to anything but loopback fails at once with an
 * error that says so. The Redis of HEADGATE_REDIS_URL is let through, and so is everything when
 * HEADGATE_TENANT_* settings ask for a run against a real tenant.
 */

import { BlockList, isIP, Socket } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

const redisUrl = process.env.HEADGATE_REDIS_URL;
const allowedNames = ["localhost", ...(redisUrl ? [new URL(redisUrl).hostname] : [])];
const usesTenant = Object.keys(process.env).some((name) => name.startsWith("HEADGATE_TENANT_"));

/** Where several test files share a process, the first has done it for all. */
const done = Symbol.for("headgate.loopback-only");

if (!usesTenant && !Object.hasOwn(Socket.prototype, done)) {
  Object.defineProperty(Socket.prototype, done, { value: true });
  const connect = Socket.prototype.connect;
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
    const host = hostOf(args);
    if (isAllowed(host)) return Reflect.apply(connect, this, args);
    const refusal = new Error(`tests must not leave this machine: connect to ${host}`);
    // Not at once: tls.connect goes on to set up the socket after this call.
    process.nextTick(() => this.destroy(refusal));
    return this;
  };
}

/** The host of one of connect's call shapes: (options), (port, host), or net.connect's [options]. */
function hostOf(args: readonly unknown[]): string {
  const [first, second] = args;
  if (Array.isArray(first)) return hostOf(first);
  if (typeof first === "object" && first !== null && "host" in first) {
    return typeof first.host === "string" ? first.host : "localhost";
  }
  return typeof first !== "object" && typeof second === "string" ? second : "localhost";
}

function isAllowed(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return allowedNames.includes(host);
  return loopback.check(host, family === 4 ? "ipv4" : "ipv6");
}
