/** Runs the store contract against files and against the S3 stand-in. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { createFileStore, createS3Store, formatUri } from "@headgate/part-source";
import { describeSourceStore } from "@headgate/part-source/conformance";
import { type S3StandIn, startS3StandIn } from "@headgate/standalone/s3-stand-in";
import { afterAll, beforeAll } from "vitest";

const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "not-a-secret" };

let folder: string;
let server: S3StandIn;
let client: S3Client;
let buckets = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "headgate-s3-"));
  server = await startS3StandIn({ folder, ...credentials });
  client = new S3Client({
    endpoint: server.url,
    region: "us-east-1",
    forcePathStyle: true,
    credentials,
  });
});

afterAll(async () => {
  client.destroy();
  await server.close();
  await rm(folder, { recursive: true });
});

describeSourceStore({
  name: "S3 stand-in",
  async open(sizes) {
    buckets += 1;
    const bucket = `bucket-${buckets}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    const store = createS3Store({
      endpoint: server.url,
      region: "us-east-1",
      credentials,
      ...sizes,
    });
    return {
      store,
      async put(key, content) {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }));
      },
      async remove(key) {
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
      },
      uriOf: (key) => formatUri({ scheme: "s3", container: bucket, key }),
      strayUri: `s3://no-${bucket}/folder`,
      strayStore: store,
      close: async () => store.close(),
    };
  },
});

describeSourceStore({
  name: "files",
  async open() {
    const root = await mkdtemp(join(tmpdir(), "headgate-files-"));
    const pathOf = (key: string) => join(root, key);
    return {
      store: createFileStore({ root }),
      async put(key, content) {
        await mkdir(key.endsWith("/") ? pathOf(key) : dirname(pathOf(key)), { recursive: true });
        if (!key.endsWith("/")) await writeFile(pathOf(key), content);
      },
      remove: (key) => rm(pathOf(key)),
      uriOf: (key) => formatUri({ scheme: "file", container: "", key: `${root}/${key}` }),
      strayUri: `file://${root}-missing/folder`,
      strayStore: createFileStore({ root: `${root}-missing` }),
      close: () => rm(root, { recursive: true }),
    };
  },
});
