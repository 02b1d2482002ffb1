/** Runs the store contract against files and against the S3 stand-in. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createFileStore, formatUri } from "@headgate/part-source";
import { describeSourceStore } from "@headgate/part-source/conformance";
import { type S3StandIn, startS3StandIn } from "@headgate/standalone/s3-stand-in";
import { afterAll, beforeAll } from "vitest";
import { s3Subject } from "../s3-acceptance/s3-subject.ts";

const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "not-a-secret" };

let folder: string;
let server: S3StandIn;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "headgate-s3-"));
  server = await startS3StandIn({ folder, ...credentials });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

describeSourceStore(
  s3Subject("S3 stand-in", () => ({ endpoint: server.url, region: "us-east-1", credentials })),
);

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
      store: createFileStore({ root }),
      put,
      putInParts: (key, parts) => put(key, Buffer.concat(parts)),
      remove: (key) => rm(pathOf(key)),
      uriOf: (key) => formatUri({ scheme: "file", container: "", key: `${root}/${key}` }),
      strayUri: `file://${root}-missing/folder`,
      strayStore: createFileStore({ root: `${root}-missing` }),
      close: () => rm(root, { recursive: true }),
    };
  },
});
