/**
 * Bull Board under `/board`. It has no login of its own and its API can add, change and delete
 * tasks, so the whole of it, pages and API alike, lives in one scope that is closed by HTTP Basic
 * login, and every queue is read-only unless operating is switched on.
 */
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";
import type { Secret } from "@headgate/core";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sameSecret } from "./login/clients.ts";
import { HttpProblem, sendProblem } from "./problems/problems.ts";
import { sendSecurityHeaders, widgetContentPolicy } from "./security-headers.ts";

/** A BullMQ queue, as the orchestrator opens it. */
export type BoardQueue = ConstructorParameters<typeof BullMQAdapter>[0];

/** Login of the board and what it may do. */
export interface BoardOptions {
  readonly user: string;
  readonly password: Secret;
  /** Whether the board may retry, pause, add and remove tasks. Default false: it only shows them. */
  readonly operate?: boolean;
}

/** Where the board's page is. */
export const boardPath = "/board";

/** Adds the board for these queues, closed to all who do not log in. */
export function addBoard(
  app: FastifyInstance,
  options: { readonly queues: readonly BoardQueue[]; readonly board: BoardOptions },
): void {
  const { queues, board } = options;
  const serverAdapter = new FastifyAdapter().setBasePath(boardPath);
  createBullBoard({
    queues: queues.map((queue) => {
      const adapter = new BullMQAdapter(queue, { readOnlyMode: board.operate !== true });
      adapter.setFormatter("data", shownData);
      return adapter;
    }),
    serverAdapter,
    options: {
      uiConfig: {
        boardTitle: "headgate tasks",
        hideRedisDetails: true,
        hideDocsLink: true,
      },
    },
  });
  app.register(async (scope) => {
    sendSecurityHeaders(scope, widgetContentPolicy);
    scope.addHook("onRequest", async (request, reply) => admit(request, reply, board));
    scope.addHook("onSend", async (_request, reply, payload) =>
      isPage(reply) && typeof payload === "string" ? withoutRemoteFonts(payload) : payload,
    );
    await scope.register(serverAdapter.registerPlugin(), { prefix: boardPath });
  });
}

/** Payload of tasks that the board shows; whoever can add tasks could have put anything there. */
const shownFields = ["connection", "kind", "loadId", "bulkJobId", "runId", "errandId"] as const;

function shownData(data: unknown): Readonly<Record<string, unknown>> {
  if (typeof data !== "object" || data === null) return {};
  return Object.fromEntries(
    shownFields.flatMap((field) => {
      const value: unknown = Reflect.get(data, field);
      return typeof value === "string" ? [[field, value]] : [];
    }),
  );
}

/** Answers itself what it refuses: the board's own error handler would turn a thrown problem into a 500. */
async function admit(
  request: FastifyRequest,
  reply: FastifyReply,
  board: BoardOptions,
): Promise<FastifyReply | undefined> {
  if (!isLogin(request.headers.authorization, board))
    return sendProblem(
      reply,
      new HttpProblem("unauthenticated", "the board needs its user name and password", {
        "www-authenticate": 'Basic realm="headgate board", charset="UTF-8"',
      }),
    );
  request.principal = `board:${board.user}`;
  if (isCrossSiteWrite(request))
    return sendProblem(
      reply,
      new HttpProblem("cross_site", "only the board's own page may do this"),
    );
  // Each of Bull Board's own handlers would have to look at readOnlyMode for itself.
  if (board.operate !== true && isWrite(request))
    return sendProblem(
      reply,
      new HttpProblem("method_not_allowed", "the board only shows: api.board.operate is not set", {
        allow: "GET, HEAD",
      }),
    );
  return undefined;
}

function isLogin(header: string | undefined, board: BoardOptions): boolean {
  const encoded = /^Basic +([A-Za-z0-9+/=]{1,1024})$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return false;
  const login = Buffer.from(encoded, "base64").toString("utf8");
  return sameSecret(login, `${board.user}:${board.password.reveal()}`);
}

/** A browser sends the login along with requests of other sites' pages; it also says where they come from. */
function isCrossSiteWrite(request: FastifyRequest): boolean {
  if (!isWrite(request)) return false;
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined) return site !== "same-origin";
  const { origin, host } = request.headers;
  return origin !== undefined && origin.replace(/^https?:\/\//, "") !== host;
}

function isWrite({ method }: FastifyRequest): boolean {
  return method !== "GET" && method !== "HEAD";
}

function isPage(reply: FastifyReply): boolean {
  return String(reply.getHeader("content-type") ?? "").startsWith("text/html");
}

/** The page asks a public font server, which the content policy forbids; it looks well without. */
function withoutRemoteFonts(page: string): string {
  return page.replace(/<link href="https:\/\/fonts\.googleapis\.com[^>]*>\s*/, "");
}
