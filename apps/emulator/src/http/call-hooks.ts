/**
 * What happens around every call of the API: it is logged on arrival, the state is brought up to
 * the clock, and an ordered fault strikes before or after the handler.
 */

import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { assertNever } from "@headgate/core";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { CallKind } from "../state/call-kind.ts";
import type { Fault, FaultSubject } from "../state/faults.ts";
import type { LoggedCall } from "../state/request-log.ts";
import type { World } from "../world.ts";
import { errorBody } from "./error-body.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Which call of the API the route is. */
    readonly kind?: CallKind;
  }
  interface FastifyRequest {
    /** The call's line in the request log. */
    call: LoggedCall;
    /** The fault that strikes this call. */
    fault: Fault | null;
  }
}

/** Logs calls, settles the state and strikes faults, for every route registered on `app` after it. */
export function addCallHooks(app: FastifyInstance, world: World): void {
  app.decorateRequest("fault", null);
  app.addHook("onRequest", async (request, reply) => {
    const at = world.settle();
    const kind = request.routeOptions.config.kind ?? null;
    request.call = world.requests.add({ at, method: request.method, path: request.url, kind });
    reply.raw.once("finish", () => {
      request.call.status = reply.raw.statusCode;
      endEarlyBody(request);
    });
    // What create and patch are about stands in their body.
    if (kind === null || kind === "create" || kind === "close") return undefined;
    const subject = subjectOfPath(world, request);
    return (await strikeBefore(world, request, reply, kind, subject)) ? reply : undefined;
  });
  app.addHook("onSend", async (request, _reply, payload) => {
    await strikeAfter(request);
    return payload;
  });
}

/** Takes the fault ordered for this call, if any; whether it has prevented the call. */
export async function strikeBefore(
  world: World,
  request: FastifyRequest,
  reply: FastifyReply,
  kind: CallKind,
  subject: FaultSubject,
): Promise<boolean> {
  const fault = world.faults.take(kind, subject);
  if (fault === undefined) return false;
  request.fault = fault;
  request.call.fault = fault.kind;
  switch (fault.kind) {
    case "error":
      await readToEnd(request);
      sendFault(world, request, reply, fault);
      return true;
    case "early-status":
      sendFault(world, request, reply, fault);
      return true;
    case "timeout":
      reply.hijack();
      request.raw.resume();
      await closed(request.raw.socket);
      return true;
    case "cut":
      await readToEnd(request, fault.afterBytes);
      reply.hijack();
      request.raw.socket.destroy();
      return true;
    case "done-then-timeout":
    case "slow":
    case "fail":
    case "stuck":
      return false;
    default:
      return assertNever(fault);
  }
}

/** The body in chunks, at the rate of a `slow` fault, counted in the request log. */
export async function* bodyOf(request: FastifyRequest): AsyncGenerator<Buffer> {
  const bytesPerSecond = request.fault?.kind === "slow" ? request.fault.bytesPerSecond : undefined;
  request.call.bytes = 0;
  // Left to itself, the iterator would destroy the connection before a refusal can be answered.
  for await (const chunk of request.raw.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError("a request body consists of buffers");
    request.call.bytes += chunk.length;
    if (bytesPerSecond !== undefined) await delay((chunk.length / bytesPerSecond) * 1000);
    yield chunk;
  }
}

function subjectOfPath(world: World, request: FastifyRequest): FaultSubject {
  const { params } = request;
  if (typeof params !== "object" || params === null) return {};
  const path = new Map<string, unknown>(Object.entries(params));
  const id = path.get("id");
  if (typeof id === "string") {
    request.call.bulkJobId = id;
    return world.bulkJobs.all().find((bulkJob) => bulkJob.id === id) ?? {};
  }
  const [sourceName, object] = [path.get("sourceName"), path.get("object")];
  return {
    sourceName: typeof sourceName === "string" ? sourceName : undefined,
    object: typeof object === "string" ? object : undefined,
  };
}

async function strikeAfter(request: FastifyRequest): Promise<void> {
  const { fault } = request;
  if (fault?.kind === "slow" && fault.delayMs > 0) await delay(fault.delayMs);
  if (fault?.kind !== "done-then-timeout") return;
  if (fault.closeSocket) request.raw.socket.destroy();
  else await closed(request.raw.socket);
}

function sendFault(
  world: World,
  request: FastifyRequest,
  reply: FastifyReply,
  fault: Extract<Fault, { kind: "error" | "early-status" }>,
): void {
  if (fault.retryAfter !== undefined) reply.header("retry-after", fault.retryAfter);
  reply.code(fault.status).send(fault.body ?? errorBody(world, request, fault.status));
}

/** Reads and drops the body, or its first `maxBytes`. */
async function readToEnd(
  request: FastifyRequest,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<void> {
  // Small bodies may have been read by a parser already.
  if (maxBytes === 0 || request.raw.readableEnded) return;
  for await (const _chunk of bodyOf(request)) {
    if ((request.call.bytes ?? 0) >= maxBytes) return;
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once("close", () => resolve());
  });
}

const lingerMs = 1000;

/**
 * After an answer that came before the end of the body: drops what still arrives, and closes the
 * connection if the client has not stopped after a second. Closing at once would make the answer
 * unreadable for most clients.
 */
function endEarlyBody(request: FastifyRequest): void {
  const { raw } = request;
  if (raw.complete || raw.socket.destroyed) return;
  raw.resume();
  const timer = setTimeout(() => raw.socket.destroy(), lingerMs);
  timer.unref();
  raw.once("close", () => clearTimeout(timer));
}
