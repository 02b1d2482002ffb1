/** Puts the data sets into the S3 store; large files in parts of 16 MiB, so none is held whole. */
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import type { StoredFile } from "./data-sets.ts";
import type { S3Place } from "./fleet.ts";

const partBytes = 16 * 1024 * 1024;
const partsAtATime = 2;

/** Makes the bucket and uploads one file after another. Aborts an upload under way with the signal. */
export async function fillStore(
  s3: S3Place,
  files: readonly StoredFile[],
  signal: AbortSignal,
): Promise<void> {
  const { url, region, bucket, credentials } = s3;
  const client = new S3Client({ endpoint: url, region, credentials, forcePathStyle: true });
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }), { abortSignal: signal });
    for (const { key, open } of files) {
      const upload = new Upload({
        client,
        params: { Bucket: bucket, Key: key, Body: open(), ContentType: "text/csv" },
        partSize: partBytes,
        queueSize: partsAtATime,
      });
      const abort = () => void upload.abort();
      signal.addEventListener("abort", abort);
      try {
        await upload.done();
      } finally {
        signal.removeEventListener("abort", abort);
      }
      signal.throwIfAborted();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    client.destroy();
  }
}
