/** Reads what the API answered, and tells refusals from servers that are no headgate API. */
import { z } from "zod";
import type { CliConfig } from "../config.ts";
import { CliError } from "../errors.ts";

/** An answer larger than this is not of headgate. */
const maxAnswerBytes = 16 * 1024 * 1024;

/** RFC 9457 problem details, as every refusal of the API has them. */
const problemAnswer = z.looseObject({
  code: z.string(),
  detail: z.string(),
  requestId: z.string().optional(),
});

/** The whole body as text. Throws CliError (unavailable) for more than 16 MiB. */
export async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw notOfHeadgate("its answer is too large");
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The error that an answer of 3xx and above is. */
export function refusal(config: CliConfig, status: number, text: string): CliError {
  const problem = problemAnswer.safeParse(parseJson(text));
  if (!problem.success) {
    if (status === 401 || status === 403)
      return new CliError("login", `${config.apiUrl} answered ${status}`);
    return notOfHeadgate(`it answered ${status} without problem details`);
  }
  const { code, detail, requestId } = problem.data;
  const kind = kindOf(status);
  const trail = kind === "unavailable" && requestId !== undefined ? `, request ${requestId}` : "";
  return new CliError(kind, `${detail} (${code}${trail})`, { code });
}

function kindOf(status: number): "login" | "refused" | "unavailable" {
  if (status === 401 || status === 403) return "login";
  return status < 500 && status !== 429 ? "refused" : "unavailable";
}

export function notOfHeadgate(why: string): CliError {
  return new CliError("unavailable", `the server is not a headgate API: ${why}`);
}

/** The value, or undefined where the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
