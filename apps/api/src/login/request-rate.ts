/** Each client's requests a minute, counted over all instances by Redis. */
import rateLimit, { type RateLimitPluginOptions } from "@fastify/rate-limit";
import type { FastifyInstance } from "fastify";
import { HttpProblem } from "../problems/problems.ts";
import { clientOfRequest } from "./bearer-login.ts";

/** Where requests are counted; absent: in this process. */
export interface RateStore {
  /** An ioredis connection. */
  readonly redis: NonNullable<RateLimitPluginOptions["redis"]>;
  /** First part of the keys. */
  readonly nameSpace: string;
}

const windowMs = 60_000;

/**
 * Answers 429 to a client that has sent more than its `requestsPerMinute`, and tells every client what
 * it has left, in the headers of draft-ietf-httpapi-ratelimit-headers-10. While Redis is away nothing
 * is counted: the routes then say themselves that it is.
 */
export async function limitRequestRate(
  scope: FastifyInstance,
  store: RateStore | undefined,
): Promise<void> {
  await scope.register(rateLimit, {
    ...store,
    global: false,
    timeWindow: windowMs,
    keyGenerator: (request) => clientOfRequest(request).name,
    max: (request) => clientOfRequest(request).limits.requestsPerMinute,
    skipOnError: true,
  });
  const count = scope.createRateLimit();
  scope.addHook("onRequest", async (request, reply) => {
    const state = await count(request);
    if (state.isAllowed) return;
    const { max, remaining, ttlInSeconds, isExceeded } = state;
    reply.headers({
      "ratelimit-policy": `"client";q=${max};w=${windowMs / 1000}`,
      ratelimit: `"client";r=${remaining};t=${ttlInSeconds}`,
    });
    if (isExceeded)
      throw new HttpProblem(
        "rate_limited",
        `the client may send ${max} requests a minute; it may go on in ${ttlInSeconds} s`,
        { "retry-after": String(ttlInSeconds) },
        { fields: { allowed: max, retryAfterSeconds: ttlInSeconds } },
      );
  });
}
