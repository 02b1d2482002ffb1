import { setTimeout as delay } from "node:timers/promises";
import { isBulkError, reasonCode } from "@headgate/core";
import type { Loads } from "@headgate/orchestrator/producer";
import type { FastifyInstance } from "fastify";
import { refuseOtherMethods } from "../method-not-allowed.ts";

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
  app.get("/livez", quiet, async () => ({ status: "ok" }));
  app.get("/readyz", quiet, async (_request, reply) => {
    const checks = {
      redis: await checkRedis(options.loads, options.readinessMs),
      serving: options.isClosing() ? "closing" : "ok",
    };
    const ready = Object.values(checks).every((check) => check === "ok");
    const answer: Readiness = { status: ready ? "ready" : "unready", checks };
    return reply.code(ready ? 200 : 503).send(answer);
  });
  refuseOtherMethods(app, "/livez", ["GET"]);
  refuseOtherMethods(app, "/readyz", ["GET"]);
}

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
