/** One request of the HTTP API: what is sent, and what the answer must look like. */
import type { z } from "zod";

export interface Route<Answer extends z.ZodType = z.ZodType> {
  readonly answer: Answer;
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Parameters without a value are left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/** A path of `/v1`, each segment encoded. */
export function path(...segments: readonly string[]): string {
  return `/v1/${segments.map(encodeURIComponent).join("/")}`;
}

/** Path and query as they stand in the request line. */
export function pathAndQuery(route: Pick<Route, "path" | "query">): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(route.query ?? {}))
    if (value !== undefined) parameters.set(name, String(value));
  return parameters.size === 0 ? route.path : `${route.path}?${parameters}`;
}
