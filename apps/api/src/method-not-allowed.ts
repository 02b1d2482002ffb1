import type { FastifyInstance } from "fastify";
import { HttpProblem } from "./problems.ts";

/** Answers 405 with `Allow` to every method that a path does not have. */
export function refuseOtherMethods(
  app: FastifyInstance,
  url: string,
  allowed: readonly string[],
): void {
  const allow = allowed.includes("GET") ? [...allowed, "HEAD"] : [...allowed];
  const refuse = async (): Promise<never> => {
    throw new HttpProblem("method_not_allowed", `this path has ${allow.join(", ")}`, {
      allow: allow.join(", "),
    });
  };
  app.route({
    method: app.supportedMethods.filter((method) => !allow.includes(method)),
    url,
    // Before the body is read, so that its type and size do not matter.
    onRequest: refuse,
    handler: refuse,
  });
}
