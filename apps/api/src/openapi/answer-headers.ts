/** Headers of answers, as the document describes them. */

/** By the name of their component. */
export const headerComponents = {
  RequestId: {
    description: "the request's id, the client's own where it sent a plain one",
    schema: { type: "string" },
    example: "5e2c8f60-1f0a-4c8e-9d63-0c6e6f2f6a51",
  },
  RateLimitPolicy: {
    description: "requests (q) that the client may send in so many seconds (w)",
    schema: { type: "string" },
    example: '"client";q=600;w=60',
  },
  RateLimit: {
    description: "requests that are left (r), and seconds until all are there again (t)",
    schema: { type: "string" },
    example: '"client";r=599;t=60',
  },
  Location: {
    description: "path of what was made",
    schema: { type: "string" },
    example: "/v1/loads/default.9f3c8a",
  },
  IdempotentReplayed: {
    description: "true where an earlier request with this key has made it; else absent",
    schema: { type: "string" },
    example: "true",
  },
  RetryAfter: {
    description: "seconds to wait before the next request",
    schema: { type: "integer" },
    example: 5,
  },
  ETag: {
    description: "tag of this state, for If-None-Match",
    schema: { type: "string" },
    example: '"mUZ0cL0E3S8M7Z1QkqgQ5A2dZ2hq4Y6cR2tQ2m0rX1I"',
  },
} as const;

type Component = keyof typeof headerComponents;

/** Operations whose answer names the place of what they made. */
const withLocation = [
  ...["acceptLoad", "retryLoad", "planLoad", "createSchedule", "startRun", "backfill"],
  ...["testSchedule", "abortBulkJob", "observe", "reap"],
];
const withReplay = ["acceptLoad", "acceptLoads", "retryLoad", "createSchedule"];

/** Headers of an answer: name and component. */
export function answerHeaders(
  path: string,
  { operationId }: { readonly operationId?: unknown },
  status: number,
): readonly (readonly [string, Component])[] {
  const id = String(operationId);
  const found: (readonly [string, Component])[] = [["x-request-id", "RequestId"]];
  if (path.startsWith("/v1/") && status !== 401)
    found.push(["ratelimit-policy", "RateLimitPolicy"], ["ratelimit", "RateLimit"]);
  const isMade = status === 201 || status === 202;
  if (isMade && withLocation.includes(id)) found.push(["location", "Location"]);
  if (isMade && withReplay.includes(id)) found.push(["idempotent-replayed", "IdempotentReplayed"]);
  if (status === 429 || status === 503) found.push(["retry-after", "RetryAfter"]);
  if (id === "getLoad" && (status === 200 || status === 304)) found.push(["etag", "ETag"]);
  return found;
}
