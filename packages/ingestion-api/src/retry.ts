/** Repeats calls that are safe to repeat, by core's retry table and within a budget. */
import { backoffMs, type ErrorCode, isBulkError, milliseconds, retryTable } from "@headgate/core";
import type { Timing } from "./timing.ts";

/**
 * Lets retries be at most a share of the calls, so that an outage is not answered with a storm.
 * Each call earns a tenth of a retry; ten retries may be saved up, and are at the start.
 */
export interface RetryBudget {
  earn(): void;
  /** Takes one retry; false where none is left. */
  spend(): boolean;
}

export function createRetryBudget(): RetryBudget {
  const tenthsPerRetry = 10;
  const maxTenths = 10 * tenthsPerRetry;
  let tenths = maxTenths;
  return {
    earn() {
      tenths = Math.min(maxTenths, tenths + 1);
    },
    spend() {
      if (tenths < tenthsPerRetry) return false;
      tenths -= tenthsPerRetry;
      return true;
    },
  };
}

/** A 429 is not among these: the wait it asks for concerns the whole fleet, not one call. */
const retriedInPlace: readonly ErrorCode[] = [
  "ERR_API_UNREACHABLE",
  "ERR_API_UNKNOWN_OUTCOME",
  "ERR_API_SERVER",
];
/** Longer waits are the caller's. */
const maxWaitInPlaceMs = milliseconds(10_000);

/**
 * Runs `call`, which must be safe to repeat, until it succeeds, fails with another code than
 * ERR_API_UNREACHABLE, _UNKNOWN_OUTCOME or _SERVER, or table or budget allow no further try; then
 * throws the last error. Waits at least as long as the answer's Retry-After; one of more than 10 s
 * ends the tries. Throws the signal's reason where it is aborted.
 */
export async function withRetries<T>(
  call: () => Promise<T>,
  deps: {
    readonly budget: RetryBudget;
    readonly timing: Timing;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<T> {
  deps.budget.earn();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      deps.signal?.throwIfAborted();
      if (!isBulkError(error, ...retriedInPlace)) throw error;
      const entry = retryTable[error.code];
      const askedMs = Number(error.fields.retryAfterMs ?? 0);
      if (attempt >= entry.attempts || askedMs > maxWaitInPlaceMs) throw error;
      if (!deps.budget.spend()) throw error;
      const jitterMs = backoffMs(entry, attempt, deps.timing.random());
      await sleep(Math.max(askedMs, jitterMs), deps);
    }
  }
}

async function sleep(
  span: number,
  deps: { readonly timing: Timing; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  try {
    await deps.timing.sleep(milliseconds(span), deps.signal);
  } catch (error) {
    deps.signal?.throwIfAborted();
    throw error;
  }
}
