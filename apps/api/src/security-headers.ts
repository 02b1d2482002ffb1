import type { FastifyInstance } from "fastify";

/** What a page of the API may do: nothing but show text, for it has no scripts. */
export const apiContentPolicy = "default-src 'none'; frame-ancestors 'none'";

/**
 * What Bull Board and the page at `/docs` may do: run their own script files and talk to their own
 * server. Inline styles must be allowed, for their widgets use them; inline script is not.
 */
export const widgetContentPolicy: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Sends headers with every answer of a scope that forbid caching, sniffing, framing and all that `policy` does not allow. */
export function sendSecurityHeaders(scope: FastifyInstance, policy: string): void {
  scope.addHook("onSend", async (_request, reply) => {
    reply.headers({
      "content-security-policy": policy,
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
    });
  });
}
