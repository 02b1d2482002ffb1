import { setTimeout as delay } from "node:timers/promises";
import { isBulkError, reasonCode } from "@headgate/core";
import type { Loads } from "@headgate/orchestrator/producer";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { json } from "../openapi/describe-answers.ts";

/** What `/readyz` answers: 200 `ready`, or 503 and the check that failed with its reason. */
export interface Readiness {
  readonly status: "ready" | "unready";
  /** `ok`, or why not. */
  readonly checks: Readonly<Record<"redis" | "serving", string>>;
}

/**
 * `GET /livez`: 200 while the process runs. `GET /readyz`: 200 while Redis answers and the API is
 * not closing, else 503. An exhausted quota is not unready. Both need no login.
 */
export function healthRoutes(
  app: FastifyInstance,
  options: {
    readonly loads: Loads;
    readonly readinessMs: number;
    readonly isClosing: () => boolean;
  },
): void {
  // Probes come every few seconds; only what goes wrong with them belongs in the log.
  const quiet = { logLevel: "warn" } as const;
  const documented = { tags: ["health"], security: [] };
  app.get(
    "/livez",
    {
      ...quiet,
      schema: {
        ...{ ...documented, operationId: "livez", summary: "Whether the process runs" },
        description: "200 while it does.",
        response: { 200: json("it runs", z.object({ status: z.literal("ok") })) },
      },
    },
    async () => ({ status: "ok" }),
  );
  app.get(
    "/readyz",
    {
      ...quiet,
      schema: {
        ...{ ...documented, operationId: "readyz", summary: "Whether requests can be served" },
        description:
          "Whether Redis answers and the API is not closing. A used-up quota is not unready.",
        response: { 200: json("it is ready", readiness), 503: json("it is not", readiness) },
      },
    },
    async (_request, reply) => {
      const checks = {
        redis: await checkRedis(options.loads, options.readinessMs),
        serving: options.isClosing() ? "closing" : "ok",
      };
      const ready = Object.values(checks).every((check) => check === "ok");
      const answer: Readiness = { status: ready ? "ready" : "unready", checks };
      return reply.code(ready ? 200 : 503).send(answer);
    },
  );
}

const check = z.string().describe("ok, or why not");
const readiness: z.ZodType<Readiness> = z
  .object({
    status: z.enum(["ready", "unready"]),
    checks: z.object({ redis: check, serving: check }),
  })
  .meta({ id: "Readiness" });

async function checkRedis(loads: Loads, readinessMs: number): Promise<string> {
  const answered = new AbortController();
  const timer = delay(readinessMs, "timeout", { signal: answered.signal }).catch(() => "timeout");
  const ping = loads.ping().then(
    () => "ok",
    (error: unknown) => (isBulkError(error) ? reasonCode(error.code) : "failed"),
  );
  try {
    return await Promise.race([ping, timer]);
  } finally {
    answered.abort();
  }
}
