/** Keeps the machine's own time and chance out of a run: what asks for them gets virtual time, or fails. */
export function withoutRealTime<Value>(
  wallNow: () => number,
  run: () => Promise<Value>,
): Promise<Value> {
  const kept = { now: Date.now, random: Math.random, setTimeout: globalThis.setTimeout };
  const refuse = (name: string) => () => {
    throw new TypeError(`${name} in a simulated run: it cannot be repeated`);
  };
  Date.now = wallNow;
  Math.random = refuse("Math.random");
  globalThis.setTimeout = Object.assign(refuse("setTimeout"), {
    __promisify__: kept.setTimeout.__promisify__,
  });
  return run().finally(() => {
    Date.now = kept.now;
    Math.random = kept.random;
    globalThis.setTimeout = kept.setTimeout;
  });
}
