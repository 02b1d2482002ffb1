/**
 * Tells each point that this process passes at its boundaries, by the diagnostics channels of Node,
 * undici and ioredis: nothing of headgate is changed for it.
 *
 *   `api <call> begins | sent | answered`       a call of the tenant's API; of an upload also `half`
 *   `s3 <call> sent | answered`                 a call of the S3 server
 *   `redis <function> sent | answered`          what a function of the ledger has asked of Redis
 *   `redis bullmq <function> sent | answered`   the same of BullMQ
 *   `event <type>`                              headgate has just told an event
 *
 * Functions that serve many steps are followed by the step: `advanceBulkJob<bulkJobOpened`.
 */
import { subscribe } from "node:diagnostics_channel";
import { z } from "zod";

/** Subscribes to every channel; `reach` is told of each point, by name, at the moment that it stands for. */
export function watchPoints(reach: (point: string) => void): void {
  // A command is named by the functions that led to it.
  Error.stackTraceLimit = 50;
  watchTenant(reach);
  watchS3(reach);
  watchRedis(reach);
}

const tenantMessage = z.object({
  request: z.object({ method: z.string(), path: z.string(), body: z.unknown() }),
});

function watchTenant(reach: (point: string) => void): void {
  const moments = {
    "undici:request:create": "begins",
    "undici:request:bodyChunkSent": "half",
    "undici:request:bodySent": "sent",
    "undici:request:headers": "answered",
  };
  for (const [channel, moment] of Object.entries(moments))
    subscribe(channel, (message) => {
      const { request } = tenantMessage.parse(message);
      const call = tenantCall(request);
      if (call === undefined || (moment === "half" && call !== "upload")) return;
      reach(`api ${call} ${moment}`);
    });
}

const patches = new WeakMap<object, string>();

function tenantCall(request: z.output<typeof tenantMessage>["request"]): string | undefined {
  const { method, path, body } = request;
  if (path.startsWith("/services/oauth2/")) return "login";
  if (path.startsWith("/services/a360/")) return "exchange";
  if (!path.startsWith("/api/v1/ingest/jobs")) return undefined;
  switch (method) {
    case "POST":
      return "create";
    case "PUT":
      return "upload";
    case "PATCH": {
      // The body is gone once it was sent.
      const known = patches.get(request) ?? (String(body).includes("Aborted") ? "abort" : "close");
      patches.set(request, known);
      return known;
    }
    default:
      return path.includes("/jobs/") ? "info" : "list";
  }
}

const s3Message = z.object({
  request: z.object({ method: z.string(), path: z.string() }),
});

function watchS3(reach: (point: string) => void): void {
  const moments = {
    "http.client.request.start": "sent",
    "http.client.response.finish": "answered",
  };
  for (const [channel, moment] of Object.entries(moments))
    subscribe(channel, (message) => {
      const { method, path } = s3Message.parse(message).request;
      const call = path.includes("list-type=") ? "list" : method.toLowerCase();
      reach(`s3 ${call} ${moment}`);
    });
}

function watchRedis(reach: (point: string) => void): void {
  const names = new WeakMap<object, string>();
  subscribe("tracing:ioredis:command:start", (message) => {
    const name = askerOf(new Error().stack ?? "");
    if (name === undefined || typeof message !== "object" || message === null) return;
    names.set(message, name);
    reach(`redis ${name} sent`);
  });
  subscribe("tracing:ioredis:command:asyncStart", (message) => {
    const name = typeof message === "object" && message !== null ? names.get(message) : undefined;
    if (name !== undefined) reach(`redis ${name} answered`);
  });
}

/** Functions that many steps call. */
const shared: ReadonlySet<string> = new Set(["advanceBulkJob", "readBulkJobParts", "readBulkJob"]);

/** Which function of the ledger, or of BullMQ, asks, by the stack at the command. */
function askerOf(stack: string): string | undefined {
  let asker: string | undefined;
  for (const line of stack.split("\n")) {
    const [, name, path] =
      /^\s+at (?:async )?(?:new )?([\w.$]+).*?\((.+):\d+:\d+\)$/.exec(line) ?? [];
    if (name === undefined || path === undefined) continue;
    if (asker !== undefined) {
      if (path.includes("/orchestrator/src/steps/")) return `${asker}<${name}`;
      continue;
    }
    const isLedger =
      path.includes("/orchestrator/src/ledger/") && !path.endsWith("/ledger/ledger.ts");
    if (isLedger && shared.has(name)) asker = name;
    else if (isLedger) return name;
    else if (/\/bullmq\/.+\/redis-queue-backend\.js$/.test(path)) {
      const script = name.split(".").at(-1) ?? name;
      if (script !== "execCommand") return `bullmq ${script}`;
    }
  }
  return asker;
}
