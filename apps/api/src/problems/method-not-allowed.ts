import type { FastifyInstance } from "fastify";
import { HttpProblem } from "./problems.ts";

/** Answers 405 with `Allow` to every method that a path of `app`, as registered so far, does not have. */
export function refuseOtherMethods(app: FastifyInstance): { readonly done: () => void } {
  const methods = new Map<string, Set<string>>();
  let open = true;
  app.addHook("onRoute", ({ method, path, prefix }) => {
    if (!open) return;
    const url = path.slice(prefix.length);
    const known = methods.get(url) ?? new Set();
    methods.set(url, known);
    for (const one of [method].flat()) known.add(one);
  });
  return {
    done() {
      open = false;
      for (const [url, allowed] of methods) refuse(app, url, [...allowed].sort());
    },
  };
}

function refuse(app: FastifyInstance, url: string, allowed: readonly string[]): void {
  const allow = allowed.join(", ");
  const answer = async (): Promise<never> => {
    throw new HttpProblem("method_not_allowed", `this path has ${allow}`, { allow });
  };
  app.route({
    method: app.supportedMethods.filter((method) => !allowed.includes(method)),
    url,
    schema: { hide: true },
    // Before the body is read, so that its type and size do not matter.
    onRequest: answer,
    handler: answer,
  });
}
