const waitMs = 60_000;

/** The promise's value, or the signal's reason, or an error after a minute. */
export async function unlessAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal,
): Promise<Value> {
  const either = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
  either.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(either.reason);
  either.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    either.removeEventListener("abort", abort);
  }
}
