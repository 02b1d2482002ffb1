/** The AWS SDK client as headgate sets it up: kept-alive connections, and a time limit on all but bodies. */
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { boundAnswers } from "./bounded-answers.ts";

export interface S3ConnectionOptions {
  /** Region of the buckets; default: what the SDK finds in environment and profile. */
  readonly region?: string;
  /** URL of an S3-compatible server; default: Amazon S3. */
  readonly endpoint?: string;
  /** `endpoint/bucket/key` in place of `bucket.endpoint/key`; default: true where an endpoint is set. */
  readonly forcePathStyle?: boolean;
  /** Default: the SDK's own chain of environment, profile, web identity, container and instance role. */
  readonly credentials?: NonNullable<S3ClientConfig["credentials"]>;
  /** Longest time to connect, in milliseconds; default 5,000. */
  readonly connectMs?: number;
  /** Longest time from a request to its answer's headers, in milliseconds; default 30,000. */
  readonly answerMs?: number;
  /** Connections to one host; default 64. More requests than that wait in line. */
  readonly maxConnections?: number;
  /** Tries of one request by the SDK itself, on 5xx, throttling and network errors; default 3. */
  readonly requestTries?: number;
}

/** Opens no connection yet. Amazon's redirects to a bucket's own region are followed, other redirects are not. */
export function createS3Client(options: S3ConnectionOptions): S3Client {
  const { region, endpoint, credentials, connectMs = 5_000, answerMs = 30_000 } = options;
  const agent = { keepAlive: true, maxSockets: options.maxConnections ?? 64 };
  return new S3Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? { followRegionRedirects: true } : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    maxAttempts: options.requestTries ?? 3,
    // A ranged GET has no checksum to compare, and the SDK would wrap each body to look for one.
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: boundAnswers(
      new NodeHttpHandler({
        connectionTimeout: connectMs,
        requestTimeout: answerMs,
        throwOnRequestTimeout: true,
        // Idle bodies are ended by withIdleLimit, which does not count the consumer's time.
        socketTimeout: 0,
        httpAgent: agent,
        httpsAgent: agent,
      }),
    ),
  });
}
