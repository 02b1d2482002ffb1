/**
 * One HTTP call, with every time limit it needs and an exact account of how far it got. It knows
 * neither tokens nor the API; what a result means to the caller is decided in api-errors.ts.
 */
import { Readable } from "node:stream";
import {
  type Bytes,
  bytes,
  type EpochMs,
  type Milliseconds,
  milliseconds,
  seconds,
} from "@headgate/core";
import { Agent, buildConnector, type Dispatcher, errors, request } from "undici";
import { answerDate, retryAfterMs } from "./answer-headers.ts";
import { type BodyProgress, exactSlices, type UploadBody } from "./upload-body.ts";

/** How long each stage of a call may take. */
export interface TimeLimits {
  /** TCP and TLS set-up. Default 10 s. */
  readonly connectMs: Milliseconds;
  /** A whole call other than an upload. Default 60 s. */
  readonly callMs: Milliseconds;
  /** Silence between a request's last byte and its answer, and within an answer. Default 120 s. */
  readonly answerMs: Milliseconds;
  /** An upload in which no byte moves. Default 30 s. */
  readonly uploadIdleMs: Milliseconds;
  /** An upload may take `bytes / minUploadBytesPerSecond` + `uploadGraceMs`. Default 250,000. */
  readonly minUploadBytesPerSecond: Bytes;
  /** Default 60 s. */
  readonly uploadGraceMs: Milliseconds;
}

/** The defaults named in `TimeLimits`. */
export const defaultTimeLimits: TimeLimits = {
  connectMs: seconds(10),
  callMs: seconds(60),
  answerMs: seconds(120),
  uploadIdleMs: seconds(30),
  minUploadBytesPerSecond: bytes(250_000),
  uploadGraceMs: seconds(60),
};

/** The longest answer that is read: 1 MiB. */
export const maxAnswerBytes: Bytes = bytes(1024 * 1024);

/** One call, with everything in it. */
export interface HttpCall {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path with query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | UploadBody | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A status came back; its body may not have. */
export interface HttpAnswer {
  readonly kind: "answer";
  readonly status: number;
  /** Undefined where the answer's body did not arrive whole; `textFault` says why. */
  readonly text: string | undefined;
  readonly textFault?: "cut" | "too-large" | undefined;
  /** From Retry-After. */
  readonly retryAfterMs?: Milliseconds | undefined;
  /** From Date. */
  readonly date?: EpochMs | undefined;
  /** The request's body went out to its last byte. An answer may come earlier. */
  readonly bodySent: boolean;
}

/** How far a call got. */
export type HttpResult =
  | HttpAnswer
  /** No connection came about, so nothing was sent. */
  | { readonly kind: "not-sent"; readonly cause: Error }
  /** Something was sent, or may have been, and no status came back. */
  | { readonly kind: "no-answer"; readonly cause: Error };

/** Makes calls within time limits. */
export interface HttpTransport {
  readonly limits: TimeLimits;
  /**
   * Makes the call once and follows no redirect. Throws only the signal's reason where the caller
   * aborts, or what the request's own body fails with; in both cases a body was not sent whole,
   * or the caller does not want to know.
   */
  send(call: HttpCall): Promise<HttpResult>;
  /** Ends idle connections and waits for calls under way. */
  close(): Promise<void>;
}

export interface HttpTransportOptions {
  readonly limits?: Partial<TimeLimits> | undefined;
  /** PEM of the certificate authorities to trust instead of the usual ones, for a private TLS. */
  readonly ca?: string | undefined;
}

/** Opens no connection before the first call. `close` it at the end. */
export function createHttpTransport(options: HttpTransportOptions = {}): HttpTransport {
  const limits: TimeLimits = { ...defaultTimeLimits, ...options.limits };
  const connectFailures = new WeakSet<Error>();
  const agent = createAgent(limits, options.ca, connectFailures);
  return {
    limits,
    send: (call) => send(call, { agent, limits, connectFailures }),
    close: () => agent.close(),
  };
}

/** The time after which a call is given up: `callMs`, or by its size for an upload. */
export function deadlineMs(limits: TimeLimits, body: HttpCall["body"]): Milliseconds {
  if (typeof body !== "object") return limits.callMs;
  const sendingMs = (body.bytes / limits.minUploadBytesPerSecond) * 1000;
  return milliseconds(sendingMs + limits.uploadGraceMs);
}

interface SendDeps {
  readonly agent: Agent;
  readonly limits: TimeLimits;
  readonly connectFailures: WeakSet<Error>;
}

function createAgent(
  limits: TimeLimits,
  ca: string | undefined,
  connectFailures: WeakSet<Error>,
): Agent {
  // HTTP/1.1 only: what a broken connection says about a request is known for it alone.
  const connect = buildConnector({
    allowH2: false,
    timeout: limits.connectMs,
    ...(ca === undefined ? {} : { ca }),
  });
  return new Agent({
    allowH2: false,
    headersTimeout: limits.answerMs,
    bodyTimeout: limits.answerMs,
    maxResponseSize: maxAnswerBytes,
    connect(target, callback) {
      connect(target, (...outcome) => {
        if (outcome[0] !== null) connectFailures.add(outcome[0]);
        callback(...outcome);
      });
    },
  });
}

async function send(call: HttpCall, deps: SendDeps): Promise<HttpResult> {
  call.signal?.throwIfAborted();
  const { agent, limits, connectFailures } = deps;
  const control = new AbortController();
  const signal =
    call.signal === undefined ? control.signal : AbortSignal.any([call.signal, control.signal]);
  const giveUp = (limit: string) => control.abort(new Error(`time limit reached: ${limit}`));
  const deadline = setTimeout(giveUp, deadlineMs(limits, call.body), "deadline");
  let idle: NodeJS.Timeout | undefined;
  const onMove = () => {
    idle ??= setTimeout(() => {
      // After the last byte it is answerMs that counts.
      if (!progress.complete) giveUp("upload idle");
    }, limits.uploadIdleMs);
    idle.refresh();
  };
  const progress: BodyProgress = { complete: typeof call.body !== "object" };
  const upload = (body: UploadBody) =>
    Readable.from(exactSlices(body, { signal, progress, onMove }), { objectMode: false });
  try {
    const answer = await request(call.origin + call.path, {
      dispatcher: agent,
      method: call.method,
      headers: { ...call.headers, ...contentLength(call.body) },
      body: typeof call.body === "object" ? upload(call.body) : (call.body ?? null),
      signal,
    });
    return await readAnswer(answer, progress);
  } catch (error) {
    call.signal?.throwIfAborted();
    if (progress.fault !== undefined) throw progress.fault.error;
    const cause = error instanceof Error ? error : new Error(String(error));
    return { kind: connectFailures.has(cause) ? "not-sent" : "no-answer", cause };
  } finally {
    clearTimeout(deadline);
    clearTimeout(idle);
    // Also ends the reading of a body that is not needed any more.
    control.abort();
  }
}

function contentLength(body: HttpCall["body"]): Record<string, string> {
  return typeof body === "object" ? { "content-length": String(body.bytes) } : {};
}

async function readAnswer(
  answer: Dispatcher.ResponseData,
  progress: BodyProgress,
): Promise<HttpAnswer> {
  const date = answerDate(answer.headers.date);
  const head = {
    kind: "answer",
    status: answer.statusCode,
    date,
    retryAfterMs: retryAfterMs(answer.headers["retry-after"], date),
  } as const;
  try {
    const text = await answer.body.text();
    return { ...head, text, bodySent: progress.complete };
  } catch (error) {
    // The status was read, and it wins over whatever happened to the connection afterwards.
    const textFault = error instanceof errors.ResponseExceededMaxSizeError ? "too-large" : "cut";
    return { ...head, text: undefined, textFault, bodySent: progress.complete };
  }
}
