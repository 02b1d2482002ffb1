/** Runs the store contract against files and against the S3 stand-in. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { bytes, formatUri, type SourceSelection } from "@headgate/core";
import { createFileStore, createS3Store } from "@headgate/part-source";
import { describeSourceStore } from "@headgate/part-source/conformance";
import { type S3StandIn, startS3StandIn } from "@headgate/standalone/s3-stand-in";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBucket, createClient, s3Subject } from "../s3-acceptance/s3-subject.ts";

const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "not-a-secret" };

let folder: string;
let server: S3StandIn;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "headgate-s3-"));
  const denied = (_bucket: string, key: string) => key.startsWith("closed/");
  server = await startS3StandIn({ folder, ...credentials, denied });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const place = () => ({ endpoint: server.url, region: "us-east-1", credentials });

describeSourceStore(s3Subject("S3 stand-in", place));

describe("S3 stand-in that denies reading", () => {
  test("is told from one that lacks the object, whatever the call", async () => {
    const client = createClient(place());
    const bucket = await createBucket(client);
    for (const Key of ["open/a.csv", "closed/a.csv"]) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: "id\n1\n" }));
    }
    client.destroy();
    const store = createS3Store(place());
    const { signal } = new AbortController();
    const first = (selection: SourceSelection) =>
      store.list(selection, { signal })[Symbol.asyncIterator]().next();
    const closed = `s3://${bucket}/closed/a.csv`;
    try {
      const forbidden = { code: "ERR_SOURCE_FORBIDDEN", fields: { uri: closed, status: 403 } };
      await expect(first({ kind: "keys", uris: [closed] })).rejects.toMatchObject(forbidden);
      await expect(
        first({ kind: "glob", uri: `s3://${bucket}/closed/*.csv` }),
      ).rejects.toMatchObject(forbidden);
      const { value } = await first({ kind: "uri", uri: `s3://${bucket}/open/a.csv` });
      const range = { from: bytes(0), to: value.bytes };
      const chunks = store
        .read({ ...value, uri: closed }, range, { signal })
        [Symbol.asyncIterator]();
      await expect(chunks.next()).rejects.toMatchObject(forbidden);
    } finally {
      store.close();
    }
  });

  test("is told from a wrong secret by the reason", async () => {
    const store = createS3Store({
      ...place(),
      credentials: { ...credentials, secretAccessKey: "wrong" },
    });
    const listing = store.list(
      { kind: "uri", uri: "s3://bucket/" },
      { signal: new AbortController().signal },
    );
    await expect(listing[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: "ERR_SOURCE_FORBIDDEN",
      fields: { reason: "SignatureDoesNotMatch" },
    });
    store.close();
  });
});

describeSourceStore({
  name: "files",
  async open() {
    const root = await mkdtemp(join(tmpdir(), "headgate-files-"));
    const pathOf = (key: string) => join(root, key);
    async function put(key: string, content: Uint8Array): Promise<void> {
      const isFolder = key.endsWith("/");
      await mkdir(isFolder ? pathOf(key) : dirname(pathOf(key)), { recursive: true });
      if (!isFolder) await writeFile(pathOf(key), content);
    }
    return {
      store: createFileStore({ roots: [root] }),
      put,
      putInParts: (key, parts) => put(key, Buffer.concat(parts)),
      remove: (key) => rm(pathOf(key)),
      uriOf: (key) => formatUri({ scheme: "file", container: "", key: `${root}/${key}` }),
      strayUri: `file://${root}-missing/folder`,
      strayStore: createFileStore({ roots: [`${root}-missing`] }),
      close: () => rm(root, { recursive: true }),
    };
  },
});
