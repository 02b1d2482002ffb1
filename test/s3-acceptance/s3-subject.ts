/** The store contract's subject for any S3 server: each test gets a bucket of its own. */
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { formatUri } from "@headgate/core";
import { createS3Store } from "@headgate/part-source";
import type { StoreSubject } from "@headgate/part-source/conformance";

/** Where a server is and how to sign for it. */
export interface S3Place {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

let buckets = 0;

/** Asks for the place when a test opens the subject, because the server may start after the suite is declared. */
export function s3Subject(name: string, place: () => S3Place): StoreSubject {
  return {
    name,
    async open(sizes) {
      const client = createClient(place());
      const bucket = await createBucket(client);
      const store = createS3Store({ ...place(), ...sizes });
      return {
        store,
        async put(key, content) {
          await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }));
        },
        async putInParts(key, parts) {
          await putInParts(client, { bucket, key, parts });
        },
        async remove(key) {
          await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
        },
        uriOf: (key) => formatUri({ scheme: "s3", container: bucket, key }),
        strayUri: `s3://no-${bucket}/folder`,
        strayStore: store,
        async close() {
          store.close();
          client.destroy();
        },
      };
    },
  };
}

/** A plain client of the AWS SDK on the place. */
export function createClient(place: S3Place): S3Client {
  return new S3Client({ ...place, forcePathStyle: true });
}

/** Makes a bucket that no other test has. */
export async function createBucket(client: S3Client): Promise<string> {
  buckets += 1;
  const bucket = `headgate-${process.pid}-${buckets}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return bucket;
}

async function putInParts(
  client: S3Client,
  what: { readonly bucket: string; readonly key: string; readonly parts: readonly Uint8Array[] },
): Promise<void> {
  const object = { Bucket: what.bucket, Key: what.key };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
  const Parts: { ETag: string | undefined; PartNumber: number }[] = [];
  for (const [index, Body] of what.parts.entries()) {
    const part = { ...object, UploadId, PartNumber: index + 1, Body };
    const { ETag } = await client.send(new UploadPartCommand(part));
    Parts.push({ ETag, PartNumber: index + 1 });
  }
  await client.send(
    new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }),
  );
}
