/** Conditional requests by ETag. Source: RFC 9110 section 13, and Amazon S3's "Conditional requests". */
import { S3Failure } from "./s3-failure.ts";
import { header, type S3Request } from "./s3-request.ts";

/** What a conditional read may do: go on, or answer 304. */
export type ReadCondition = "send" | "not-modified";

/** Throws S3Failure PreconditionFailed where If-Match does not hold. */
export function readCondition(request: S3Request, etag: string): ReadCondition {
  const ifMatch = header(request, "if-match");
  if (ifMatch !== undefined && !names(ifMatch, etag)) throw failed("If-Match");
  const ifNoneMatch = header(request, "if-none-match");
  return ifNoneMatch !== undefined && names(ifNoneMatch, etag) ? "not-modified" : "send";
}

/** Throws S3Failure PreconditionFailed, or NoSuchKey for If-Match on nothing, as S3 does. */
export function checkWriteConditions(request: S3Request, presentEtag: string | undefined): void {
  const ifMatch = header(request, "if-match");
  if (ifMatch !== undefined && presentEtag === undefined) {
    throw new S3Failure("NoSuchKey", "The specified key does not exist.");
  }
  if (ifMatch !== undefined && !names(ifMatch, presentEtag)) throw failed("If-Match");
  const ifNoneMatch = header(request, "if-none-match");
  if (ifNoneMatch !== undefined && names(ifNoneMatch, presentEtag)) throw failed("If-None-Match");
}

/** Whether a list of ETags, quoted or not, or "*" names this one. */
function names(list: string, etag: string | undefined): boolean {
  if (etag === undefined) return false;
  const tags = list.split(",").map((tag) => tag.trim().replace(/^"(.*)"$/, "$1"));
  return tags.includes("*") || tags.includes(etag);
}

function failed(condition: string): S3Failure {
  return new S3Failure(
    "PreconditionFailed",
    `At least one of the pre-conditions you specified did not hold: ${condition}`,
  );
}
