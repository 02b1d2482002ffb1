/** Hands out a tenant's token and renews it ahead of its end. */
import {
  after,
  type BulkError,
  type EpochMs,
  isBulkError,
  type Milliseconds,
  seconds,
} from "@headgate/core";
import type { TokenConnection } from "./connection.ts";
import type { HttpTransport } from "./http-transport.ts";
import { createLogin, type DataCloudToken } from "./login.ts";
import { systemTiming, type Timing } from "./timing.ts";

/** The one place that tokens of a tenant come from. */
export interface TokenSource {
  /**
   * A token that lives for at least `minLifeMs` more (default 120 s); where tokens of this tenant
   * live too short for that, one in the first half of its life. Renews where needed: any number of
   * callers wait for one renewal, and one that is aborted stops no other's. A refused login is not
   * asked for again for 30 s: a person has to act, and each refusal counts against the user.
   * Throws what `createLogin` says, and the signal's reason where it is aborted.
   */
  token(options?: {
    readonly minLifeMs?: Milliseconds | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<DataCloudToken>;
  /** After a 401: this very token is not handed out again. A newer one is left alone. */
  invalidate(token: DataCloudToken): void;
}

export interface TokenSourceDeps {
  readonly transport: HttpTransport;
  /** Default: the machine's clock and timers. */
  readonly timing?: Timing | undefined;
}

/** Calls nobody before the first token is asked for. Throws ERR_CONFIG for a login URL that is not allowed. */
export function createTokenSource(connection: TokenConnection, deps: TokenSourceDeps): TokenSource {
  const { transport, timing = systemTiming } = deps;
  const logIn = createLogin(connection, { transport, timing });
  let current: DataCloudToken | undefined;
  let renewal: Promise<DataCloudToken> | undefined;
  let refusal: { readonly error: BulkError; readonly until: EpochMs } | undefined;

  async function renew(): Promise<DataCloudToken> {
    try {
      current = await logIn();
      return current;
    } catch (error) {
      if (isBulkError(error, "ERR_AUTH_REFUSED"))
        refusal = { error, until: after(timing.now(), refusalPauseMs) };
      throw error;
    } finally {
      renewal = undefined;
    }
  }

  return {
    async token({ minLifeMs = defaultMinLifeMs, signal } = {}) {
      signal?.throwIfAborted();
      if (current !== undefined && livesFor(current, minLifeMs, timing.now())) return current;
      if (refusal !== undefined && timing.now() < refusal.until) throw refusal.error;
      renewal ??= renew();
      return await unlessAborted(renewal, signal);
    },
    invalidate(token) {
      if (current === token) current = undefined;
    },
  };
}

const defaultMinLifeMs = seconds(120);
const refusalPauseMs = seconds(30);

function livesFor(token: DataCloudToken, minLifeMs: Milliseconds, now: EpochMs): boolean {
  return token.expiresAt - now >= Math.min(minLifeMs, token.lifeMs / 2);
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
