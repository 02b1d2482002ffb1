/** Bodies of text are UTF-8, uncompressed, or refused: what is read otherwise is not what was sent. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { HttpProblem } from "./problems/problems.ts";

const charset = /;\s*charset\s*=\s*"?([^;"\s]*)/i;

/** Leaves application/json as the one type of body, and refuses other encodings of any. */
export function takeTextBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body, done) => {
    void parseJson(request, utf8Text(body), done);
  });
  app.addHook("preParsing", async (request: FastifyRequest) => {
    const { "content-encoding": coding, "content-type": type = "" } = request.headers;
    if (coding !== undefined && coding.toLowerCase() !== "identity")
      throw new HttpProblem("media_type", `content-encoding is ${coding}; send the body plain`);
    // How a file is encoded is said by the load that reads it.
    if (request.routeOptions.config.streamsBody === true) return;
    const encoding = charset.exec(type)?.[1];
    if (encoding !== undefined && !/^utf-?8$/i.test(encoding))
      throw new HttpProblem("media_type", `the charset is ${encoding}; it must be utf-8`);
  });
}

/** The text of a body. Throws HttpProblem body_malformed for bytes that are not UTF-8. */
export function utf8Text(body: string | Buffer): string {
  try {
    return typeof body === "string" ? body : new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw new HttpProblem("body_malformed", "the body is not UTF-8");
  }
}
