/** Translates what the AWS SDK throws. By status first: a HEAD has no body, so its errors have no usable name. */
import { BulkError, type ErrorCode, isBulkError } from "@headgate/core";

export interface FailedCall {
  /** What the call was for, as in "reading s3://…": starts the message. */
  readonly doing: string;
  readonly uri: string;
  /** Whether the object was pinned before, so that its absence means that it changed. */
  readonly pinned: boolean;
  /** Region and endpoint in use, as settings name them. */
  readonly place: string;
}

/** The BulkError for an error of an S3 call; a BulkError stays as it is. */
export function fromS3Error(error: unknown, call: FailedCall): BulkError {
  if (isBulkError(error)) return error;
  const { status, name, region } = factsOf(error);
  const code = codeOf(status, name, call.pinned);
  const answer = status === undefined ? name : `${status} ${name}`;
  const hint = hintOf(code, { name, region, place: call.place });
  return new BulkError(code, `${call.doing} failed: ${answer}${hint}`, {
    fields: { uri: call.uri, status, reason: name, region },
    cause: error,
  });
}

/** Names of 4xx answers that say: this place is not where the bucket is. */
const wrongPlace = [
  "PermanentRedirect",
  "AuthorizationHeaderMalformed",
  "IllegalLocationConstraintException",
];
/** Names of 4xx answers about a bucket or key that cannot exist. */
const impossibleName = ["InvalidBucketName", "KeyTooLongError", "InvalidURI"];
/** Names of 4xx answers that pass by themselves. */
const passing = ["RequestTimeout", "RequestTimeTooSkewed", "ExpiredToken", "TokenRefreshRequired"];

function codeOf(status: number | undefined, name: string, pinned: boolean): ErrorCode {
  if (status === undefined || passing.includes(name)) return "ERR_SOURCE_UNREADABLE";
  if ((status >= 300 && status < 400) || wrongPlace.includes(name)) return "ERR_CONFIG";
  if (impossibleName.includes(name)) return "ERR_SOURCE_URI";
  switch (status) {
    case 404:
      return pinned ? "ERR_SOURCE_CHANGED" : "ERR_SOURCE_NOT_FOUND";
    case 412:
    case 416:
      return "ERR_SOURCE_CHANGED";
    case 401:
    case 403:
      return "ERR_SOURCE_FORBIDDEN";
    default:
      return "ERR_SOURCE_UNREADABLE";
  }
}

function hintOf(
  code: ErrorCode,
  facts: { readonly name: string; readonly region: string | undefined; readonly place: string },
): string {
  if (code === "ERR_CONFIG") {
    const seen = facts.region === undefined ? "elsewhere" : `in region ${facts.region}`;
    return `; the bucket is ${seen}, the settings say ${facts.place}`;
  }
  if (facts.name === "InvalidObjectState")
    return "; the object is archived and must be restored first";
  if (facts.name === "CredentialsProviderError") return "; no AWS credentials were found";
  return "";
}

/** The parts of an SDK error that are safe to show: neither message nor body, which the store wrote. */
function factsOf(error: unknown): {
  readonly status: number | undefined;
  readonly name: string;
  readonly region: string | undefined;
} {
  if (!(error instanceof Error))
    return { status: undefined, name: "unknown error", region: undefined };
  const status = numberAt(error, "$metadata", "httpStatusCode");
  const region = textAt(error, "$response", "headers", "x-amz-bucket-region");
  const code = textAt(error, "code");
  const name = code !== undefined && status === undefined ? code : error.name;
  return {
    status,
    name: /^[A-Za-z0-9_.]{1,64}$/.test(name) ? name : "unknown error",
    region: region !== undefined && /^[a-z0-9-]{1,32}$/.test(region) ? region : undefined,
  };
}

function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = valueAt(value, path);
  return typeof found === "number" ? found : undefined;
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = valueAt(value, path);
  return typeof found === "string" ? found : undefined;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined),
    value,
  );
}
