/**
 * `POST /v1/loads/batch`: many loads by one request, a load request a line. All lines are checked
 * before any is accepted. Each line has an idempotency key of its own, made of the batch's key and
 * its number, that stands for the whole batch; so a batch that was broken off half-way is completed
 * by sending it again, and the same key with another batch is a conflict from its first line on.
 */
import { createHash } from "node:crypto";
import { isBulkError } from "@headgate/core";
import {
  type Accepted,
  type Caller,
  type LoadRequest,
  type Loads,
  parseLoadRequest,
} from "@headgate/orchestrator/producer";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { idempotencyKey } from "../idempotency-key.ts";
import { callerOf } from "../login/bearer-login.ts";
import { answers, text } from "../openapi/describe-answers.ts";
import { noQuery } from "../parameters.ts";
import { HttpProblem, type LineFault, lineFault } from "../problems/problems.ts";
import { utf8Text } from "../text-bodies.ts";
import type { RouteContext, V1 } from "../v1.ts";
import { loadRequestExamples } from "./load-request-body.ts";

const maxLines = 1000;
const maxBytes = 4 * 1024 * 1024;
/** Lines that are checked side by side. */
const sideBySide = 50;
/** A line takes some seven calls of Redis, one after the other: enough for 1,000 lines at 15 ms each. */
const answerWithinMs = 120_000;
const ndjson = "application/x-ndjson";

const headers = z.object({ "idempotency-key": idempotencyKey.exactOptional() });

export function batchRoute(app: V1, { doors: { loads } }: RouteContext): void {
  // A scope of its own, which takes no other media type.
  app.register(async (scope: V1) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      ndjson,
      { parseAs: "buffer" },
      async (_request: FastifyRequest, body: Buffer) => utf8Text(body),
    );
    scope.post(
      "/loads/batch",
      {
        config: { scopes: ["enqueue"] },
        bodyLimit: maxBytes,
        handlerTimeout: answerWithinMs,
        schema: {
          ...{ tags: ["loads"], operationId: "acceptLoads", summary: "Bring many loads" },
          description:
            "A load request a line, at most 1,000 and 4 MiB, empty lines left out; all or, where a " +
            "line is wrong, none. The answer has a load a line, in the same order. Needs an Idempotency-Key; sent " +
            "again with the same key it makes no load twice.",
          consumes: [ndjson],
          querystring: noQuery,
          headers,
          body: z.string().meta({
            examples: [loadRequestExamples.map((line) => `${JSON.stringify(line)}\n`).join("")],
          }),
          response: answers(
            { 202: text("a load a line", ndjson) },
            ...["idempotency_key_missing", "media_type", "body_too_large", "batch_invalid"],
            ...["idempotency_conflict", "idempotency_in_flight", "too_many_pending"],
          ),
        },
      },
      async (request, reply) => {
        const key = request.headers["idempotency-key"];
        if (key === undefined)
          throw new HttpProblem("idempotency_key_missing", "send the header Idempotency-Key");
        const caller = callerOf(request);
        const requests = await checkLines(loads, request.body, caller);
        // As they were understood, so that another way to write them is the same batch; and not
        // themselves, which the door would hash anew for each line.
        const batch = createHash("sha256").update(JSON.stringify(requests)).digest("hex");
        // A key that a client sends has no blank, so no other request has these.
        const accepted = await loads.oneAtATime(
          () =>
            acceptLines(loads, requests, {
              caller,
              batch,
              keyOf: (line) => `batch ${line} ${key}`,
            }),
          { caller, idempotencyKey: `batch ${key}` },
        );
        const replayed = accepted.every((one) => one.replayed);
        request.log.info({ loads: accepted.length, replayed }, "batch accepted");
        if (replayed) reply.header("idempotent-replayed", "true");
        const lines = accepted.map(({ load }) => `${JSON.stringify(load)}\n`);
        return reply.code(202).type(ndjson).send(lines.join(""));
      },
    );
  });
}

async function acceptLines(
  loads: Loads,
  requests: readonly LoadRequest[],
  {
    keyOf,
    ...options
  }: { readonly caller: Caller; readonly batch: string; readonly keyOf: (line: number) => string },
): Promise<readonly Accepted[]> {
  const accepted: Accepted[] = [];
  for (const [index, one] of requests.entries())
    accepted.push(await loads.accept(one, { ...options, idempotencyKey: keyOf(index) }));
  return accepted;
}

/** Throws HttpProblem batch_invalid with the faults of all lines. */
async function checkLines(
  loads: Loads,
  body: string,
  caller: Caller,
): Promise<readonly LoadRequest[]> {
  const lines: { readonly text: string; readonly number: number }[] = [];
  for (const [index, text] of body.split("\n").entries())
    if (text.trim() !== "") lines.push({ text, number: index + 1 });
  if (lines.length < 1 || lines.length > maxLines)
    throw new HttpProblem(
      "batch_invalid",
      `${lines.length} load requests were sent; a batch has 1 to ${maxLines}`,
    );
  const requests: LoadRequest[] = [];
  const faults: LineFault[] = [];
  for (let first = 0; first < lines.length; first += sideBySide) {
    const some = lines.slice(first, first + sideBySide);
    const checked = await Promise.all(some.map((line) => checkLine(loads, line, caller)));
    for (const one of checked) "detail" in one ? faults.push(one) : requests.push(one);
  }
  if (faults.length === 0) return requests;
  const what = `${faults.length} of ${lines.length} lines are not valid; nothing was accepted`;
  throw new HttpProblem("batch_invalid", what, {}, { lines: faults });
}

async function checkLine(
  loads: Loads,
  { text, number }: { readonly text: string; readonly number: number },
  caller: Caller,
): Promise<LoadRequest | LineFault> {
  try {
    const request = parseLoadRequest(parseJson(text));
    await loads.check(request, caller);
    return request;
  } catch (error) {
    if (error instanceof SyntaxError)
      return { line: number, code: "body_malformed", detail: "the line is not JSON" };
    // That the client has too many loads is no line's fault.
    const fault = isBulkError(error, "ERR_TOO_MANY_PENDING") ? undefined : lineFault(number, error);
    if (fault === undefined) throw error;
    return fault;
  }
}

function parseJson(text: string): unknown {
  return JSON.parse(text);
}
