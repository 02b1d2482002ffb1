/** One thing that the doctor has looked at. */

/** What was looked at, and what was seen. */
interface Looked {
  /** Stable, such as `redis.version` or `connection.default.login`. */
  readonly id: string;
  /** A few words for people. */
  readonly title: string;
  /** What was seen; never a secret. */
  readonly detail: string;
}

/**
 * A check's result. `ok`: as it should be. `warn`: headgate works, but see the advice. `fail`:
 * headgate does not work so. `skip`: it could not be looked at, or does not apply; the detail says why.
 */
export type Check = Looked &
  (
    | { readonly status: "ok" | "skip" }
    | { readonly status: "warn" | "fail"; readonly advice: string }
  );

/** A check that has a name and as yet no result. */
export type CheckName = Pick<Looked, "id" | "title">;

export function ok(name: CheckName, detail: string): Check {
  return { ...name, status: "ok", detail };
}

export function skip(name: CheckName, detail: string): Check {
  return { ...name, status: "skip", detail };
}

export function warn(name: CheckName, detail: string, advice: string): Check {
  return { ...name, status: "warn", detail, advice };
}

export function fail(name: CheckName, detail: string, advice: string): Check {
  return { ...name, status: "fail", detail, advice };
}
