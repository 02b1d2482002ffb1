/** The HTTP API as one object: joins routes, login, errors, bounds, document and board. Does not listen yet. */
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import { serializerCompiler } from "fastify-type-provider-zod";
import { type ApiLimits, defaultApiLimits } from "./api-limits.ts";
import { addBoard, type BoardOptions, type BoardQueue } from "./board.ts";
import { readOnAfterEarlyAnswers } from "./early-answers.ts";
import { type BearerLogin, requireLogin } from "./login/bearer-login.ts";
import { limitRequestRate, type RateStore } from "./login/request-rate.ts";
import { requireScopes } from "./login/scopes.ts";
import { docsPage } from "./openapi/docs-page.ts";
import { gatherDocument } from "./openapi/document.ts";
import { answerMalformedHttp, refuseOddHeads } from "./problems/malformed-http.ts";
import { refuseOtherMethods } from "./problems/method-not-allowed.ts";
import { problemPages } from "./problems/problem-pages.ts";
import { HttpProblem, sendProblem } from "./problems/problems.ts";
import { endQuietConnections } from "./quiet-connections.ts";
import { logRequests, requestIdOf } from "./request-log.ts";
import { limitRequestTime } from "./request-time.ts";
import { healthRoutes } from "./routes/health.ts";
import { v1Routes } from "./routes/v1-routes.ts";
import { apiContentPolicy, sendSecurityHeaders } from "./security-headers.ts";
import { takeTextBodies } from "./text-bodies.ts";
import type { Doors, V1 } from "./v1.ts";
import { validateRequest } from "./validate-request.ts";

/** What an API is made of. */
export interface ApiOptions extends BearerLogin {
  readonly doors: Doors;
  /** Where each client's requests are counted. Default: in this process. */
  readonly rateStore?: RateStore | undefined;
  /** Queues that the board shows. */
  readonly boardQueues?: readonly BoardQueue[];
  /** Login of the board; without it there is no board. */
  readonly board?: BoardOptions | undefined;
  /** A pino logger; without it nothing is logged. */
  readonly logger?: FastifyBaseLogger;
  /** Bounds that differ from the defaults. */
  readonly limits?: Partial<ApiLimits>;
  /** For the document. */
  readonly version?: string;
}

/**
 * Builds the API. `listen` starts it; `close` lets running requests end, ends streams and closes all
 * other connections.
 */
export function createApi(options: ApiOptions): FastifyInstance {
  const { doors, boardQueues = [], board } = options;
  const limits = { ...defaultApiLimits, ...options.limits };
  const app = newServer(limits, options.logger);
  const closing = new AbortController();

  app.setValidatorCompiler(validateRequest).setSerializerCompiler(serializerCompiler);
  app.decorateRequest("principal", "");
  app.decorateRequest("client", undefined);
  app.addHook("preClose", async () => closing.abort());
  // Else a connection whose request was running would stay open, and hold up the close, until it times out.
  app.addHook("onSend", async (_request, reply) => {
    if (closing.signal.aborted) reply.header("connection", "close");
  });
  readOnAfterEarlyAnswers(app, limits.readOnMs);
  endQuietConnections(app);
  refuseOddHeads(app);
  limitRequestTime(app, limits.requestTimeoutMs);
  app.setErrorHandler((error, _request, reply) => sendProblem(reply, error));
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, new HttpProblem("route_not_found", "the path is not one of this API")),
  );
  takeTextBodies(app);
  logRequests(app);
  sendSecurityHeaders(app, apiContentPolicy);

  app.register(async (root) => {
    await gatherDocument(root, options.version ?? "0.0.0");
    await root.register(async (scope) => {
      const methods = refuseOtherMethods(scope);
      const { readinessMs } = limits;
      const isClosing = (): boolean => closing.signal.aborted;
      healthRoutes(scope, { loads: doors.loads, readinessMs, isClosing });
      problemPages(scope);
      methods.done();
    });
    await root.register(
      async (v1: V1) => {
        requireLogin(v1, options, doors.uploads?.placeOf);
        await limitRequestRate(v1, options.rateStore);
        requireScopes(v1);
        const methods = refuseOtherMethods(v1);
        v1Routes(v1, { doors, limits, closing: closing.signal });
        v1.after(() => methods.done());
      },
      { prefix: "/v1" },
    );
    await docsPage(root);
  });
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
    handlerTimeout: limits.handlerTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    forceCloseConnections: "idle",
    // A request on an open connection is still answered while closing; Fastify's own 503 is no problem+json.
    return503OnClosing: false,
    http: {
      headersTimeout: limits.headersTimeoutMs,
      // Node's own interval, 30 s, would let a connection drip on for so much longer.
      connectionsCheckingInterval: Math.ceil(limits.headersTimeoutMs / 2),
      maxHeaderSize: 16 * 1024,
      // Node's own refusal is no problem+json; refuseOddHeads has one.
      requireHostHeader: false,
    },
    frameworkErrors: (error, _request, reply) => {
      sendProblem(reply, error);
    },
    clientErrorHandler: answerMalformedHttp,
  });
  app.server.maxConnections = limits.connections;
  return app;
}
