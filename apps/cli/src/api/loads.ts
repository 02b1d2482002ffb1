/**
 * Loads: routes and answers as far as the CLI reads them. Properties it does not know are kept, so
 * that `--json` prints what the API sent.
 */
import { loadStates } from "@headgate/core";
import { z } from "zod";
import { path, type Query, type Route } from "./route.ts";

const progress = z.looseObject({ planned: z.number(), uploaded: z.number(), settled: z.number() });

/** Why something failed: a stable code and a sentence. */
export const reason = z.looseObject({ code: z.string(), message: z.string() });

/** One load. */
export const loadAnswer = z.looseObject({
  id: z.string(),
  connection: z.string(),
  sourceName: z.string(),
  object: z.string(),
  operation: z.string(),
  state: z.enum(loadStates),
  reason: reason.optional(),
  principal: z.string(),
  run: z.string().optional(),
  retryOf: z.string().optional(),
  /** Findings of preflight, once planned. */
  findings: z.number().optional(),
  acceptedAt: z.string(),
  plannedAt: z.string().optional(),
  endedAt: z.string().optional(),
  sourceObjects: z.number(),
  parts: progress,
  bytes: progress,
  records: progress,
  bulkJobs: z
    .array(
      z.looseObject({
        id: z.string(),
        remoteId: z.string().optional(),
        phase: z.string(),
        end: z.string().optional(),
        remoteState: z.string().optional(),
        files: z.number(),
        uploadedFiles: z.number(),
      }),
    )
    .optional(),
});
export type LoadAnswer = z.output<typeof loadAnswer>;

/** A page of loads, newest first. */
export const loadPageAnswer = z.looseObject({
  loads: z.array(loadAnswer),
  nextCursor: z.string().optional(),
});

const whoamiAnswer = z.looseObject({ client: z.string() });

/** Brings a load. The key makes it one load however often the request has to be sent. */
export function acceptLoad(body: unknown, idempotencyKey: string): Route<typeof loadAnswer> {
  return {
    ...{ answer: loadAnswer, method: "POST", path: path("loads"), body },
    headers: { "idempotency-key": idempotencyKey },
  };
}

export function getLoad(id: string): Route<typeof loadAnswer> {
  return { answer: loadAnswer, method: "GET", path: path("loads", id) };
}

export function listLoads(query: Query): Route<typeof loadPageAnswer> {
  return { answer: loadPageAnswer, method: "GET", path: path("loads"), query };
}

export function cancelLoad(id: string): Route<typeof loadAnswer> {
  return { answer: loadAnswer, method: "DELETE", path: path("loads", id) };
}

/** Asked again for the same load it answers the same new load. */
export function retryLoad(id: string): Route<typeof loadAnswer> {
  return { answer: loadAnswer, method: "POST", path: path("loads", id, "retry") };
}

/** The client that the key belongs to. */
export function whoami(): Route<typeof whoamiAnswer> {
  return { answer: whoamiAnswer, method: "GET", path: path("whoami") };
}
