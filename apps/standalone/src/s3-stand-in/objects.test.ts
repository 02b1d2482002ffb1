import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import {
  clientOf,
  credentials,
  rawRequest,
  start,
  tamperingClient,
} from "./s3-stand-in.test-support.ts";
import { startS3StandIn } from "./server.ts";

const Bucket = "bucket";
const Key = "folder/key.csv";

async function get(
  client: S3Client,
  input: { Range?: string; IfMatch?: string } = {},
): Promise<string> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, ...input }));
  return Body?.transformToString() ?? "";
}

test("a generated object is listed, and read by range and ETag, without a stored byte", async () => {
  const generate = (from: number, to: number) => [Buffer.from("0123456789").subarray(from, to)];
  const generated = { bucket: "made", key: "a.csv", bytes: 10, etag: "tag", generate };
  const { client } = await start({ generated: [generated] });
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: "made" }));
  expect(Contents).toMatchObject([{ Key: "a.csv", Size: 10, ETag: '"tag"' }]);
  const asked = { Bucket: "made", Key: "a.csv", Range: "bytes=2-4" };
  const read = await client.send(new GetObjectCommand({ ...asked, IfMatch: '"tag"' }));
  expect(read.ContentRange).toBe("bytes 2-4/10");
  expect(await read.Body?.transformToString()).toBe("234");
  const changed = client.send(new GetObjectCommand({ ...asked, IfMatch: '"other"' }));
  await expect(changed).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
});

describe("an object", () => {
  test("comes back as it was put, with length, type and MD5 as ETag", async () => {
    const { client } = await start();
    const Body = Buffer.from("id,name\r\n1,ü\r\n");
    const ETag = `"${createHash("md5").update(Body).digest("hex")}"`;
    const put = await client.send(
      new PutObjectCommand({ Bucket, Key, Body, ContentType: "text/csv" }),
    );
    expect(put.ETag).toBe(ETag);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key }));
    expect(head).toMatchObject({ ETag, ContentLength: Body.byteLength, ContentType: "text/csv" });
    expect(await get(client)).toBe(Body.toString());
  });

  test("of a stream of unknown hash is stored without the framing, its CRC32 checked", async () => {
    const { client } = await start();
    const chunks = ["a".repeat(70_000), "b".repeat(3), "c".repeat(100_000)];
    const Body = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
    await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength: 170_003 }));
    expect(await get(client)).toBe(chunks.join(""));
  });

  test("is not stored when the CRC32 behind its stream is wrong", async () => {
    const { server, client, folder } = await start();
    const spoiling = tamperingClient(server, (sent) => {
      const framed = "7\r\ncontent\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n";
      sent.body = Readable.from([Buffer.from(framed)]);
    });
    const put = new PutObjectCommand({ Bucket, Key, Body: Readable.from([]), ContentLength: 7 });
    await expect(spoiling.send(put)).rejects.toMatchObject({ name: "BadDigest" });
    await expect(get(client)).rejects.toMatchObject({ name: "NoSuchKey" });
    expect(await readdir(join(folder, Bucket, "content"))).toEqual([]);
  });

  test("is not stored when its CRC32 or MD5 header is wrong", async () => {
    const { client } = await start();
    for (const sums of [
      { ChecksumCRC32: "AAAAAA==" },
      { ContentMD5: "AAAAAAAAAAAAAAAAAAAAAA==" },
    ]) {
      const put = new PutObjectCommand({ Bucket, Key, Body: "content", ...sums });
      await expect(client.send(put)).rejects.toMatchObject({ name: "BadDigest" });
    }
    await expect(get(client)).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  test("keeps its old content when the client breaks off in the middle of a new one", async () => {
    const { server, client, folder } = await start();
    await client.send(new PutObjectCommand({ Bucket, Key, Body: "old" }));
    const Body = Readable.from([]);
    const put = new PutObjectCommand({ Bucket, Key, Body, ContentLength: 5_000 });
    const raw = await rawRequest(server, (signing) => signing.send(put));
    raw.on("error", () => {});
    raw.write("1388\r\n1234");
    const content = join(folder, Bucket, "content");
    await expect.poll(() => readdir(content)).toHaveLength(2);
    raw.destroy();
    await expect.poll(() => readdir(content)).toHaveLength(1);
    expect(await get(client)).toBe("old");
  });

  test("is read to its end by those who began before it was replaced or deleted", async () => {
    const { client } = await start();
    const old = "o".repeat(3_000_000);
    await client.send(new PutObjectCommand({ Bucket, Key, Body: old }));
    const { Body: first } = await client.send(new GetObjectCommand({ Bucket, Key }));
    await client.send(new PutObjectCommand({ Bucket, Key, Body: "new" }));
    const { Body: second } = await client.send(new GetObjectCommand({ Bucket, Key }));
    await client.send(new DeleteObjectCommand({ Bucket, Key }));
    expect(await first?.transformToString()).toBe(old);
    expect(await second?.transformToString()).toBe("new");
    await client.send(new DeleteObjectCommand({ Bucket, Key }));
  });

  test("is still there after the server was started anew on its folder", async () => {
    const { server, client, folder } = await start();
    await client.send(new PutObjectCommand({ Bucket, Key, Body: "kept" }));
    await client.send(new PutObjectCommand({ Bucket, Key: "other", Body: "gone" }));
    await client.send(new DeleteObjectCommand({ Bucket, Key: "other" }));
    await server.close();
    const again = await startS3StandIn({ folder, ...credentials });
    try {
      const reader = clientOf(again);
      expect(await get(reader)).toBe("kept");
      await expect(
        reader.send(new HeadObjectCommand({ Bucket, Key: "other" })),
      ).rejects.toMatchObject({
        $metadata: { httpStatusCode: 404 },
      });
    } finally {
      await again.close();
    }
  });

  test.each(["SHA256", "SHA1", "CRC32C"] as const)(
    "with a checksum not known here, %s, is refused",
    async (name) => {
      const { client } = await start();
      const put = new PutObjectCommand({ Bucket, Key, Body: "content", ChecksumAlgorithm: name });
      await expect(client.send(put)).rejects.toMatchObject({ name: "NotImplemented" });
    },
  );
});

describe("a range", () => {
  test.each([
    ["bytes=0-0", "0", "bytes 0-0/10"],
    ["bytes=3-5", "345", "bytes 3-5/10"],
    ["bytes=8-", "89", "bytes 8-9/10"],
    ["bytes=8-99", "89", "bytes 8-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=-99", "0123456789", "bytes 0-9/10"],
  ])("%s gives %s", async (Range, content, ContentRange) => {
    const { client } = await start();
    await client.send(new PutObjectCommand({ Bucket, Key, Body: "0123456789" }));
    const answer = await client.send(new GetObjectCommand({ Bucket, Key, Range }));
    expect(answer).toMatchObject({ ContentRange, $metadata: { httpStatusCode: 206 } });
    expect(await answer.Body?.transformToString()).toBe(content);
  });

  test.each(["bytes=10-", "bytes=10-12", "bytes=-0"])("%s is outside", async (Range) => {
    const { client } = await start();
    await client.send(new PutObjectCommand({ Bucket, Key, Body: "0123456789" }));
    await expect(get(client, { Range })).rejects.toMatchObject({
      name: "InvalidRange",
      $metadata: { httpStatusCode: 416 },
    });
  });

  test.each(["bytes=5-3", "lines=1-2", "bytes=1-2,4-5", "bytes=-"])(
    "%s is ignored",
    async (Range) => {
      const { client } = await start();
      await client.send(new PutObjectCommand({ Bucket, Key, Body: "0123456789" }));
      expect(await get(client, { Range })).toBe("0123456789");
    },
  );
});

describe("conditions", () => {
  const otherETag = `"${"0".repeat(32)}"`;

  test("a read with If-Match of another ETag is 412, with the right one goes on", async () => {
    const { client } = await start();
    const { ETag = "" } = await client.send(new PutObjectCommand({ Bucket, Key, Body: "content" }));
    expect(await get(client, { IfMatch: ETag })).toBe("content");
    await expect(get(client, { IfMatch: otherETag })).rejects.toMatchObject({
      name: "PreconditionFailed",
      $metadata: { httpStatusCode: 412 },
    });
  });

  test("a read with If-None-Match of the ETag is 304", async () => {
    const { client } = await start();
    const { ETag = "" } = await client.send(new PutObjectCommand({ Bucket, Key, Body: "content" }));
    await expect(
      client.send(new GetObjectCommand({ Bucket, Key, IfNoneMatch: ETag })),
    ).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
  });

  test("of many puts with If-None-Match: * exactly one wins", async () => {
    const { client } = await start();
    const bodies = Array.from({ length: 8 }, (_, index) => `content ${index}`);
    const puts = bodies.map((Body) =>
      client.send(new PutObjectCommand({ Bucket, Key, Body, IfNoneMatch: "*" })),
    );
    const outcomes = await Promise.allSettled(puts);
    const won = outcomes.findIndex(({ status }) => status === "fulfilled");
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await get(client)).toBe(bodies[won]);
  });

  test("a put with If-Match replaces only what it names", async () => {
    const { client } = await start();
    const put = (Body: string, IfMatch: string) =>
      client.send(new PutObjectCommand({ Bucket, Key, Body, IfMatch }));
    await expect(put("new", otherETag)).rejects.toMatchObject({ name: "NoSuchKey" });
    const { ETag = "" } = await client.send(new PutObjectCommand({ Bucket, Key, Body: "old" }));
    await expect(put("new", otherETag)).rejects.toMatchObject({ name: "PreconditionFailed" });
    await put("new", ETag);
    expect(await get(client)).toBe("new");
  });
});

describe("what is not there or not allowed", () => {
  test("a bucket and a key that do not exist have names of their own", async () => {
    const { client } = await start();
    await expect(get(client)).rejects.toMatchObject({ name: "NoSuchKey" });
    const stray = new GetObjectCommand({ Bucket: "no-bucket", Key });
    await expect(client.send(stray)).rejects.toMatchObject({ name: "NoSuchBucket" });
    const head = new HeadBucketCommand({ Bucket: "no-bucket" });
    await expect(client.send(head)).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } });
  });

  test("reading what the policy denies is 403, writing is not touched by it", async () => {
    const { client } = await start({ denied: (_, key) => key.startsWith("folder/") });
    await client.send(new PutObjectCommand({ Bucket, Key, Body: "content" }));
    await client.send(new PutObjectCommand({ Bucket, Key: "open", Body: "content" }));
    await expect(get(client)).rejects.toMatchObject({
      name: "AccessDenied",
      $metadata: { httpStatusCode: 403 },
    });
    await client.send(new HeadObjectCommand({ Bucket, Key: "open" }));
  });

  test("an operation that it does not have is refused, not taken for another", async () => {
    const { server } = await start();
    const asking = clientOf(server);
    await asking.send(new PutObjectCommand({ Bucket, Key, Body: "content" }));
    await expect(asking.send(new GetObjectTaggingCommand({ Bucket, Key }))).rejects.toMatchObject({
      name: "NotImplemented",
    });
    const copy = new CopyObjectCommand({ Bucket, Key: "copy", CopySource: `${Bucket}/${Key}` });
    await expect(asking.send(copy)).rejects.toMatchObject({ name: "NotImplemented" });
  });
});

test("a client that goes away in the middle of an answer harms nobody", async () => {
  const { server, client } = await start();
  await client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.alloc(5_000_000, "x") }));
  const whole = new GetObjectCommand({ Bucket, Key });
  const raw = await rawRequest(server, (signing) => signing.send(whole));
  raw.end();
  const [answer] = await once(raw, "response");
  expect(answer.statusCode).toBe(200);
  answer.destroy();
  expect(await get(client, { Range: "bytes=0-2" })).toBe("xxx");
});
