/** Looks at S3: whether it answers, its clock, and whether each place can be listed and read. */
import { type BulkError, bytes, isBulkError } from "@headgate/core";
import { createS3Store, type S3Store, type S3StoreOptions } from "@headgate/part-source";
import { type Check, type CheckName, fail, ok, skip } from "./check.ts";
import { clockCheck } from "./clock.ts";
import { withoutLogin } from "./shown-url.ts";

export interface S3UnderTest {
  readonly s3: S3StoreOptions;
  /** Each `s3://bucket/` or `s3://bucket/folder/`. */
  readonly places: readonly string[];
}

export interface S3CheckOptions {
  readonly signal: AbortSignal;
  /** Our clock. */
  readonly now: () => number;
}

/** A place is listed to its first object, of which one byte is read. */
export async function s3Checks(
  { s3, places }: S3UnderTest,
  options: S3CheckOptions,
): Promise<readonly Check[]> {
  if (places.length === 0)
    return [
      skip(
        { id: "s3", title: "S3" },
        "no bucket is named by sources.s3.buckets or a schedule, so there is nothing to try",
      ),
    ];
  const store = createS3Store({ ...s3, connectMs: 5_000, answerMs: 10_000, requestTries: 2 });
  try {
    const answers = await endpointChecks(s3, options);
    const tried = await Promise.all(places.map((place) => placeCheck(store, place, options)));
    return [...answers, ...tried];
  } finally {
    store.close();
  }
}

/** Any answer will do, a refusal too: it shows that the endpoint is there and what its clock says. */
async function endpointChecks(
  s3: S3StoreOptions,
  { signal, now }: S3CheckOptions,
): Promise<readonly Check[]> {
  const url = s3.endpoint ?? `https://s3.${s3.region ?? "us-east-1"}.amazonaws.com`;
  const reachable = { id: "s3.endpoint", title: "S3 answers" };
  const clock = { id: "s3.clock", title: "S3 clock" };
  try {
    const { headers } = await fetch(url, { method: "HEAD", redirect: "manual", signal });
    const date = Date.parse(headers.get("date") ?? "");
    return [
      ok(reachable, withoutLogin(url)),
      Number.isNaN(date)
        ? skip(clock, "S3 does not tell the time")
        : // The header has whole seconds.
          clockCheck(clock, { offsetMs: date + 500 - now(), whose: "S3" }),
    ];
  } catch (error) {
    signal.throwIfAborted();
    return [
      fail(
        reachable,
        `${withoutLogin(url)} does not answer: ${networkReason(error)}`,
        "see that sources.s3.endpoint is right and that this machine may reach it (proxy, firewall, VPC endpoint)",
      ),
    ];
  }
}

function networkReason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? code : "no connection";
}

async function placeCheck(
  store: S3Store,
  place: string,
  { signal }: S3CheckOptions,
): Promise<Check> {
  const name: CheckName = { id: `s3.place.${place}`, title: place };
  try {
    for await (const object of store.list({ kind: "prefix", uri: place }, { signal })) {
      if (object.bytes > 0) {
        const first = { from: bytes(0), to: bytes(1) };
        for await (const _ of store.read(object, first, { signal })) break;
      }
      return ok(name, "can be listed and read");
    }
    return ok(name, "can be listed, and is empty");
  } catch (error) {
    if (isBulkError(error, "ERR_SOURCE_NONE_MATCHED"))
      return ok(name, "can be listed, and is empty");
    if (!isBulkError(error)) throw error;
    return fail(name, `${error.code}: ${error.message}`, adviceFor(error));
  }
}

function adviceFor({ code, fields: { reason } }: BulkError): string {
  switch (reason) {
    case "CredentialsProviderError":
      return "give this process AWS credentials: environment, profile, web identity or instance role";
    case "InvalidAccessKeyId":
    case "SignatureDoesNotMatch":
      return "the AWS access key is unknown to this S3, or its secret is wrong";
    case "ExpiredToken":
      return "the AWS session has expired; renew it";
    case "RequestTimeTooSkewed":
      return "this machine's clock is wrong; set it by NTP";
  }
  switch (code) {
    case "ERR_SOURCE_FORBIDDEN":
      return "the AWS identity needs s3:ListBucket on the bucket and s3:GetObject (with versions also s3:GetObjectVersion) on its objects";
    case "ERR_SOURCE_NOT_FOUND":
      return "there is no such bucket at this endpoint; see its name";
    case "ERR_CONFIG":
      return "set sources.s3.region (or AWS_REGION) to the bucket's own region";
    case "ERR_SOURCE_URI":
      return "the place lies outside sources.s3.buckets, or its name is none that S3 has; change either";
    default:
      return "see that sources.s3 is right and that this machine may reach it; then try again";
  }
}
