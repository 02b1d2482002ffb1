/** One client of the HTTP API: sends, retries what is safe to retry, and turns answers into values or CliErrors. */
import { setTimeout as delay } from "node:timers/promises";
import { type Dispatcher, request } from "undici";
import type { z } from "zod";
import {
  type LoadAnswer,
  type LoadPageAnswer,
  loadAnswer,
  loadPageAnswer,
  problemAnswer,
  type QuotaAnswer,
  quotaAnswer,
} from "./api-answers.ts";
import type { CliConfig } from "./config.ts";
import { CliError } from "./errors.ts";

/** The routes of the API that commands use. */
export interface ApiClient {
  /** Brings a load. The key makes it one load however often the request has to be sent. */
  accept(body: unknown, idempotencyKey: string): Promise<LoadAnswer>;
  get(id: string): Promise<LoadAnswer>;
  list(filter: Readonly<Record<string, string | undefined>>): Promise<LoadPageAnswer>;
  cancel(id: string): Promise<LoadAnswer>;
  quota(connection?: string): Promise<QuotaAnswer>;
}

export interface ApiClientOptions {
  readonly signal: AbortSignal;
  /** Told of each retry, for people to read. */
  readonly report: (line: string) => void;
}

interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer larger than this is not of headgate. */
const maxAnswerBytes = 16 * 1024 * 1024;
const answerTimeoutMs = 30_000;
const firstRetryMs = 200;
const longestRetryMs = 5_000;

/** Every method throws CliError of kind refused, login, unavailable or, on abort, the signal's reason. */
export function createApiClient(config: CliConfig, options: ApiClientOptions): ApiClient {
  async function call<Schema extends z.ZodType>(
    schema: Schema,
    what: Call,
  ): Promise<z.output<Schema>> {
    for (let attempt = 0; ; attempt += 1) {
      const tried = await trySend(config, what, options.signal);
      if (tried.kind === "answer") return readAnswer(schema, config, tried);
      if (attempt >= config.retries) throw tried.error;
      const waitMs = tried.retryAfterMs ?? retryDelay(attempt);
      options.report(`${tried.error.message}; trying again in ${(waitMs / 1000).toFixed(1)} s`);
      // An aborted timer throws an error of its own; the signal's reason says what happened.
      await delay(waitMs, undefined, { signal: options.signal }).catch(() =>
        options.signal.throwIfAborted(),
      );
    }
  }

  return {
    accept: (body, idempotencyKey) =>
      call(loadAnswer, {
        ...{ method: "POST", path: "/v1/loads", body },
        headers: { "idempotency-key": idempotencyKey },
      }),
    get: (id) => call(loadAnswer, { method: "GET", path: loadPath(id) }),
    list: (query) => call(loadPageAnswer, { method: "GET", path: "/v1/loads", query }),
    cancel: (id) => call(loadAnswer, { method: "DELETE", path: loadPath(id) }),
    quota: (connection) =>
      call(quotaAnswer, { method: "GET", path: "/v1/quota", query: { connection } }),
  };
}

function loadPath(id: string): string {
  return `/v1/loads/${encodeURIComponent(id)}`;
}

type Tried =
  | { readonly kind: "answer"; readonly status: number; readonly text: string }
  | {
      readonly kind: "try-again";
      readonly error: CliError;
      readonly retryAfterMs: number | undefined;
    };

/** Sends once. All calls may be sent again: reads and cancels by nature, an accept by its key. */
async function trySend(config: CliConfig, call: Call, signal: AbortSignal): Promise<Tried> {
  try {
    const answer = await request(`${config.apiUrl}${call.path}${queryText(call.query)}`, {
      method: call.method,
      headers: {
        authorization: `Bearer ${config.apiKey}`,
        ...(call.body === undefined ? {} : { "content-type": "application/json" }),
        ...call.headers,
      },
      body: call.body === undefined ? null : JSON.stringify(call.body),
      headersTimeout: answerTimeoutMs,
      bodyTimeout: answerTimeoutMs,
      signal,
    });
    const text = await readText(answer.body);
    if (![502, 503, 504].includes(answer.statusCode))
      return { kind: "answer", status: answer.statusCode, text };
    return {
      kind: "try-again",
      error: refusal(config, answer.statusCode, text),
      retryAfterMs: retryAfter(answer.headers["retry-after"]),
    };
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof CliError) throw cause;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "no answer";
    const error = new CliError("unavailable", `no answer from ${config.apiUrl} (${code})`, {
      cause,
    });
    return { kind: "try-again", error, retryAfterMs: undefined };
  }
}

async function readText(body: Dispatcher.ResponseData["body"]): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw notOfHeadgate("its answer is too large");
  }
  return Buffer.concat(chunks).toString("utf8");
}

function readAnswer<Schema extends z.ZodType>(
  schema: Schema,
  config: CliConfig,
  answer: { readonly status: number; readonly text: string },
): z.output<Schema> {
  if (answer.status < 200 || answer.status > 299) throw refusal(config, answer.status, answer.text);
  const parsed = schema.safeParse(parseJson(answer.text));
  if (parsed.success) return parsed.data;
  throw notOfHeadgate(`it answered ${answer.status} without the documented body`);
}

/** The error that an answer of 3xx and above is. */
function refusal(config: CliConfig, status: number, text: string): CliError {
  const problem = problemAnswer.safeParse(parseJson(text));
  if (!problem.success) {
    if (status === 401 || status === 403)
      return new CliError("login", `${config.apiUrl} answered ${status}`);
    return notOfHeadgate(`it answered ${status} without problem details`);
  }
  const { code, detail, requestId } = problem.data;
  const kind =
    status === 401 || status === 403 ? "login" : status < 500 ? "refused" : "unavailable";
  const trail = kind === "unavailable" && requestId !== undefined ? `, request ${requestId}` : "";
  return new CliError(kind, `${detail} (${code}${trail})`, { code });
}

function notOfHeadgate(why: string): CliError {
  return new CliError("unavailable", `the server is not a headgate API: ${why}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function queryText(query: Call["query"] = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) parameters.set(name, value);
  return parameters.size === 0 ? "" : `?${parameters}`;
}

/** Doubles from 0.2 s to 5 s, less up to half by chance, so that many clients do not come back at once. */
function retryDelay(attempt: number): number {
  return Math.min(firstRetryMs * 2 ** attempt, longestRetryMs) * (1 - Math.random() / 2);
}

function retryAfter(header: string | string[] | undefined): number | undefined {
  const seconds = typeof header === "string" && /^\d{1,3}$/.test(header) ? Number(header) : NaN;
  return Number.isNaN(seconds) ? undefined : Math.min(seconds, 60) * 1000;
}
