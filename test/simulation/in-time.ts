/** Waiting with a way out. */

/** Rejects with the signal's reason where it comes first. */
export function inTime<Value>(
  value: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return value;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const stop = (): void => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    void value.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
