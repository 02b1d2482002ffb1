/** The HTTP API as one object: joins routes, login, errors, bounds and the board. Does not listen yet. */
import type { Loads } from "@headgate/orchestrator/producer";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import type { ApiKey } from "./api-keys.ts";
import { type ApiLimits, defaultApiLimits } from "./api-limits.ts";
import { requireApiKey } from "./bearer-login.ts";
import { addBoard, type BoardOptions, type BoardQueue } from "./board.ts";
import { answerMalformedHttp } from "./malformed-http.ts";
import { refuseOtherMethods } from "./method-not-allowed.ts";
import { HttpProblem, sendProblem } from "./problems.ts";
import { endQuietConnections } from "./quiet-connections.ts";
import { logRequests, requestIdOf } from "./request-log.ts";
import { acceptLoadRoute } from "./routes/accept-load.ts";
import { cancelLoadRoute } from "./routes/cancel-load.ts";
import { getLoadRoute } from "./routes/get-load.ts";
import { healthRoutes } from "./routes/health.ts";
import { listLoadsRoute } from "./routes/list-loads.ts";
import { quotaRoute } from "./routes/quota.ts";
import { apiContentPolicy, sendSecurityHeaders } from "./security-headers.ts";

/** What an API is made of. */
export interface ApiOptions {
  readonly loads: Loads;
  /** Keys that open `/v1`; never empty in service. */
  readonly keys: readonly ApiKey[];
  /** Queues that the board shows. */
  readonly boardQueues?: readonly BoardQueue[];
  /** Login of the board; without it there is no board. */
  readonly board?: BoardOptions | undefined;
  /** A pino logger; without it nothing is logged. */
  readonly logger?: FastifyBaseLogger;
  /** Bounds that differ from the defaults. */
  readonly limits?: Partial<ApiLimits>;
}

/** Builds the API. `listen` starts it; `close` lets running requests end and closes all other connections. */
export function createApi(options: ApiOptions): FastifyInstance {
  const { loads, keys, boardQueues = [], board } = options;
  const limits = { ...defaultApiLimits, ...options.limits };
  const app = newServer(limits, options.logger);
  let closing = false;

  app.decorateRequest("principal", "");
  app.addHook("preClose", async () => {
    closing = true;
  });
  // Else a connection whose request was running would stay open, and hold up the close, until it times out.
  app.addHook("onSend", async (_request, reply) => {
    if (closing) reply.header("connection", "close");
  });
  endQuietConnections(app);
  app.setErrorHandler((error, _request, reply) => sendProblem(reply, error));
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, new HttpProblem("route_not_found", "the path is not one of this API")),
  );
  // Only application/json is left; see fastify's list of built-in parsers.
  app.removeContentTypeParser("text/plain");
  logRequests(app);
  sendSecurityHeaders(app, apiContentPolicy);

  healthRoutes(app, { loads, readinessMs: limits.readinessMs, isClosing: () => closing });
  app.register(
    async (v1) => {
      requireApiKey(v1, keys);
      acceptLoadRoute(v1, loads);
      listLoadsRoute(v1, loads);
      getLoadRoute(v1, loads);
      cancelLoadRoute(v1, loads);
      quotaRoute(v1, loads);
      refuseOtherMethods(v1, "/loads", ["GET", "POST"]);
      refuseOtherMethods(v1, "/loads/:id", ["GET", "DELETE"]);
      refuseOtherMethods(v1, "/quota", ["GET"]);
    },
    { prefix: "/v1" },
  );
  if (board !== undefined) addBoard(app, { queues: boardQueues, board });
  return app;
}

function newServer(limits: ApiLimits, logger: FastifyBaseLogger | undefined): FastifyInstance {
  const app = Fastify({
    ...(logger === undefined ? {} : { loggerInstance: logger }),
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: "requestId",
    }),
    genReqId: requestIdOf,
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    handlerTimeout: limits.handlerTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    forceCloseConnections: "idle",
    // A request on an open connection is still answered while closing; Fastify's own 503 is no problem+json.
    return503OnClosing: false,
    http: { headersTimeout: limits.headersTimeoutMs, maxHeaderSize: 16 * 1024 },
    frameworkErrors: (error, _request, reply) => {
      sendProblem(reply, error);
    },
    clientErrorHandler: answerMalformedHttp,
  });
  app.server.maxConnections = limits.connections;
  return app;
}
