/** One authorised call: token, send, at most one replay after a 401, retries where they are safe. */
import { isBulkError, type Milliseconds, milliseconds, seconds } from "@headgate/core";
import { expectStatus, type Operation } from "./api-errors.ts";
import {
  deadlineMs,
  type HttpAnswer,
  type HttpCall,
  type HttpResult,
  type HttpTransport,
} from "./http-transport.ts";
import type { DataCloudToken } from "./login.ts";
import { createRetryBudget, withRetries } from "./retry.ts";
import type { Timing } from "./timing.ts";
import type { TokenSource } from "./token-source.ts";

/** What every method takes besides its own arguments. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What a method sends and how it reads the answer. */
export interface ApiCall<T> {
  readonly operation: Operation;
  readonly method: HttpCall["method"];
  /** With its "?"; default none. */
  readonly query?: string | undefined;
  /** Sent as JSON. */
  readonly json?: string | undefined;
  /** Sent as text/csv. */
  readonly csv?: HttpCall["body"];
  /** Statuses of success. */
  readonly statuses: readonly number[];
  /** Reads an answer of one of `statuses`; throws where it is not what it should be. */
  read(answer: HttpAnswer): T;
}

/** Makes authorised calls. */
export interface ApiCaller {
  call<T>(call: ApiCall<T>, options: CallOptions | undefined): Promise<T>;
  /** How far the API's clock is ahead of ours by the last answer's `Date`, within a second. */
  clockOffsetMs(): Milliseconds | undefined;
}

/** A token must outlive a call's deadline by this much. */
const tokenMarginMs = seconds(120);

/** A caller with a retry budget of its own. */
export function createApiCaller(deps: {
  readonly tokenSource: TokenSource;
  readonly transport: HttpTransport;
  readonly timing: Timing;
}): ApiCaller {
  const { tokenSource, transport, timing } = deps;
  const budget = createRetryBudget();
  let clockOffsetMs: Milliseconds | undefined;

  async function send(
    call: ApiCall<unknown>,
    token: DataCloudToken,
    signal: AbortSignal | undefined,
  ): Promise<HttpResult> {
    const result = await transport.send({
      method: call.method,
      origin: token.origin,
      path: call.operation.path + (call.query ?? ""),
      headers: {
        authorization: `Bearer ${token.secret.reveal()}`,
        accept: "application/json",
        ...(call.json !== undefined && { "content-type": "application/json" }),
        ...(call.csv !== undefined && { "content-type": "text/csv" }),
      },
      body: call.csv ?? call.json,
      signal,
    });
    if (result.kind === "answer" && result.date !== undefined) {
      // `Date` is cut to whole seconds, so half a second more is the better guess.
      clockOffsetMs = milliseconds(result.date + 500 - timing.now());
    }
    return result;
  }

  return {
    async call<T>(call: ApiCall<T>, options: CallOptions = {}) {
      const { signal } = options;
      const minLifeMs = milliseconds(
        deadlineMs(transport.limits, call.csv ?? call.json) + tokenMarginMs,
      );

      async function attempt(token: DataCloudToken): Promise<T> {
        const once = async () => {
          const result = await send(call, token, signal);
          return call.read(expectStatus(call.operation, result, call.statuses));
        };
        return call.operation.effect
          ? await once()
          : await withRetries(once, { budget, timing, signal });
      }

      const token = await tokenSource.token({ minLifeMs, signal });
      try {
        return await attempt(token);
      } catch (error) {
        if (!isBulkError(error, "ERR_API_UNAUTHORIZED")) throw error;
        tokenSource.invalidate(token);
        return await attempt(await tokenSource.token({ minLifeMs, signal }));
      }
    },
    clockOffsetMs: () => clockOffsetMs,
  };
}
