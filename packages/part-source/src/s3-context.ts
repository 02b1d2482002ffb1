/** What the parts of the S3 store share. */
import type { S3Client } from "@aws-sdk/client-s3";
import { BulkError } from "@headgate/core";
import type { AddressCheck } from "./allowed-buckets.ts";
import { fromS3Error } from "./s3-error.ts";

export interface S3Context {
  readonly client: S3Client;
  /** Region and endpoint in use, for messages. */
  readonly place: string;
  readonly checkAllowed: AddressCheck;
  /** Whether to pin and read by version id where a bucket keeps versions. */
  readonly useVersions: boolean;
  /** Keys asked for in one listing call, at most 1,000. */
  readonly pageKeys: number;
  /** Settings that every call to S3 repeats. */
  readonly everyCall: { readonly ExpectedBucketOwner?: string };
}

/**
 * Awaits an S3 call and throws the signal's reason or the BulkError for its failure: ERR_CONFIG where
 * neither the settings nor the AWS environment name a region.
 */
export async function settled<Answer>(
  { client, place }: S3Context,
  call: Promise<Answer>,
  about: {
    readonly doing: string;
    readonly uri: string;
    readonly pinned: boolean;
    readonly signal: AbortSignal;
  },
): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    about.signal.throwIfAborted();
    // The SDK's own error for this has nothing but a message to know it by.
    if (!(await hasRegion(client))) {
      throw new BulkError("ERR_CONFIG", `${about.doing} failed: no AWS region is set`, {
        fields: { uri: about.uri },
        cause: error,
      });
    }
    throw fromS3Error(error, { ...about, place });
  }
}

async function hasRegion({ config }: S3Client): Promise<boolean> {
  return config.region().then(
    () => true,
    () => false,
  );
}
