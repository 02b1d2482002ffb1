/** How a route says what it answers, for the document and for the writing of its answers. */
import { z } from "zod";
import { problemKinds } from "../problems/problem-table.ts";

/** One kind of answer: fastify writes it by its schema, the document shows it. */
export interface Answer {
  readonly description: string;
  readonly content: Readonly<Record<string, { readonly schema: z.ZodType }>>;
}

/** An answer of JSON. Properties that its schema does not have are left out. */
export function json(description: string, schema: z.ZodType): Answer {
  return { description, content: { "application/json": { schema } } };
}

/** An answer of text in one or more media types. */
export function text(description: string, ...mediaTypes: readonly string[]): Answer {
  const content = Object.fromEntries(mediaTypes.map((type) => [type, { schema: z.string() }]));
  return { description, content };
}

/** An answer without a body. */
export function nothing(description: string): z.ZodType {
  return z.null().describe(description);
}

const problem = z
  .object({
    type: z.string().describe("/problems/<code>: the page that says what to do"),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe("for people; branch on code"),
    code: z.string(),
    fields: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .describe("the thing named, the value seen, the value allowed"),
    requestId: z.string().describe("look for it in the log"),
    lines: z
      .array(z.object({ line: z.int(), code: z.string(), detail: z.string() }))
      .exactOptional()
      .describe("of a batch: the faults by line"),
  })
  .meta({ id: "Problem", description: "RFC 9457 problem details" });

/** What a route that takes a body of JSON may answer beside. */
export const bodyProblems: readonly string[] = ["body_malformed", "media_type", "body_too_large"];

/** What every route of `/v1` may answer. */
const everywhere = [
  "request_invalid",
  "unauthenticated",
  "client_forbidden",
  "rate_limited",
  "internal",
  "redis_away",
  "timeout",
  "login_unavailable",
];

/** Answers of a route of `/v1`: these, the problems that every route has, and these of its own. */
export function answers(
  own: Readonly<Record<number, Answer | z.ZodType>>,
  ...codes: readonly string[]
): Readonly<Record<number, Answer | z.ZodType>> {
  const byStatus = new Map<number, string[]>();
  for (const code of [...codes, ...everywhere]) {
    const kind = problemKinds.get(code);
    if (kind === undefined) throw new Error(`${code} is no documented problem`);
    byStatus.set(kind.status, [...(byStatus.get(kind.status) ?? []), code]);
  }
  const problems = [...byStatus].map(([status, all]) => [status, refusal(all)]);
  return { ...Object.fromEntries(problems), ...own };
}

function refusal(codes: readonly string[]): Answer {
  const listed = codes.map((code) => `\`${code}\`: ${problemKinds.get(code)?.title}`);
  return {
    description: listed.join("; "),
    content: { "application/problem+json": { schema: problem } },
  };
}
