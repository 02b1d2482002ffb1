/** `GET /problems` and `GET /problems/{code}`: what the `type` of a problem stands for, for people. */
import type { FastifyInstance } from "fastify";
import { type ProblemKind, problemKinds } from "./problem-table.ts";
import { HttpProblem } from "./problems.ts";

export function problemPages(app: FastifyInstance): void {
  const schema = { hide: true };
  app.get("/problems", { schema }, async (_request, reply) =>
    reply.type(html).send(page("Problems", [...problemKinds].map(entry).join(""))),
  );
  app.get<{ Params: { code: string } }>("/problems/:code", { schema }, async (request, reply) => {
    const { code } = request.params;
    const kind = problemKinds.get(code);
    if (kind === undefined)
      throw new HttpProblem("route_not_found", "there is no problem of this code");
    return reply.type(html).send(page(code, `${entry([code, kind])}${back}`));
  });
}

const html = "text/html; charset=utf-8";
const back = '<p><a href="/problems">All problems</a></p>';

/** Codes, titles and advice are ours and hold no markup. */
function entry([code, { status, title, advice }]: readonly [string, ProblemKind]): string {
  return `<h2 id="${code}">${code}</h2><p>${status}: ${title}.</p><p>${advice}</p>`;
}

function page(title: string, body: string): string {
  return (
    `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${title} - headgate</title>` +
    `</head><body><h1>${title === "Problems" ? title : "Problem"}</h1>${body}</body></html>`
  );
}
