/** One client of the HTTP API: sends, retries what is safe to retry, and turns answers into values or CliErrors. */
import { setTimeout as delay } from "node:timers/promises";
import type { z } from "zod";
import type { CliConfig } from "../config.ts";
import { CliError } from "../errors.ts";
import { notOfHeadgate, parseJson, readText, refusal } from "./answer.ts";
import { pathAndQuery, type Route } from "./route.ts";

export interface ApiClient {
  readonly config: CliConfig;
  /**
   * Sends a request, again after a lost connection or a 429, 502, 503 or 504, and gives the answer.
   * Every route may be sent again: reads, cancels and errands by nature (a second errand does no harm),
   * what makes loads and runs by its idempotency key; a deleted schedule is not found the second time.
   * Throws CliError of kind refused, login, unavailable or, on abort, the signal's reason.
   */
  ask<Answer extends z.ZodType>(
    route: Route<Answer>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<z.output<Answer>>;
}

export interface ApiClientOptions {
  readonly signal: AbortSignal;
  /** Told of each retry, for people to read. */
  readonly report: (line: string) => void;
}

/** Longer than the longest wait that a request may ask for by `Prefer: wait`. */
const answerTimeoutMs = 45_000;
const firstRetryMs = 200;
const longestRetryMs = 5_000;

export function createApiClient(config: CliConfig, options: ApiClientOptions): ApiClient {
  return {
    config,
    async ask(route, { signal = options.signal } = {}) {
      for (let attempt = 0; ; attempt += 1) {
        const tried = await trySend(config, route, signal);
        if (tried.kind === "answer") return readAnswer(route.answer, config, tried);
        if (attempt >= config.retries) throw tried.error;
        const waitMs = tried.retryAfterMs ?? retryDelay(attempt);
        options.report(`${tried.error.message}; trying again in ${(waitMs / 1000).toFixed(1)} s`);
        await pause(waitMs, signal);
      }
    },
  };
}

/** Waits; on abort throws the signal's reason, where an aborted timer has an error of its own. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** Doubles from 0.2 s to 5 s, less up to half by chance, so that many clients do not come back at once. */
export function retryDelay(attempt: number): number {
  return Math.min(firstRetryMs * 2 ** attempt, longestRetryMs) * (1 - Math.random() / 2);
}

/** The error of a request that got no answer at all. */
export function noAnswer(config: CliConfig, cause: unknown): CliError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "no answer";
  return new CliError("unavailable", `no answer from ${config.apiUrl} (${code})`, { cause });
}

type Tried =
  | { readonly kind: "answer"; readonly status: number; readonly text: string }
  | {
      readonly kind: "try-again";
      readonly error: CliError;
      readonly retryAfterMs: number | undefined;
    };

async function trySend(config: CliConfig, route: Route, signal: AbortSignal): Promise<Tried> {
  const { request } = await import("undici");
  try {
    const answer = await request(`${config.apiUrl}${pathAndQuery(route)}`, {
      method: route.method,
      headers: {
        authorization: `Bearer ${config.apiKey}`,
        ...(route.body === undefined ? {} : { "content-type": "application/json" }),
        ...route.headers,
      },
      body: route.body === undefined ? null : JSON.stringify(route.body),
      headersTimeout: answerTimeoutMs,
      bodyTimeout: answerTimeoutMs,
      signal,
    });
    const text = await readText(answer.body);
    if (![429, 502, 503, 504].includes(answer.statusCode))
      return { kind: "answer", status: answer.statusCode, text };
    return {
      kind: "try-again",
      error: refusal(config, answer.statusCode, text),
      retryAfterMs: retryAfter(answer.headers["retry-after"]),
    };
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof CliError) throw cause;
    return { kind: "try-again", error: noAnswer(config, cause), retryAfterMs: undefined };
  }
}

function readAnswer<Answer extends z.ZodType>(
  schema: Answer,
  config: CliConfig,
  answer: { readonly status: number; readonly text: string },
): z.output<Answer> {
  if (answer.status < 200 || answer.status > 299) throw refusal(config, answer.status, answer.text);
  const parsed = schema.safeParse(parseJson(answer.text));
  if (parsed.success) return parsed.data;
  throw notOfHeadgate(`it answered ${answer.status} without the documented body`);
}

function retryAfter(header: string | string[] | undefined): number | undefined {
  const seconds = typeof header === "string" && /^\d{1,3}$/.test(header) ? Number(header) : NaN;
  return Number.isNaN(seconds) ? undefined : Math.min(seconds, 60) * 1000;
}
