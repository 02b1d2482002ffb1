import {
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import {
  clientOf,
  credentials,
  type SignedRequest,
  start,
  tamperingClient,
} from "./s3-stand-in.test-support.ts";

const put = (Key: string) => new PutObjectCommand({ Bucket: "bucket", Key, Body: "content" });

test("refuses a request without a signature", async () => {
  const { server } = await start();
  const answer = await fetch(`${server.url}/bucket/key`);
  expect(answer.status).toBe(403);
  expect(answer.headers.get("content-type")).toBe("application/xml");
  expect(await answer.text()).toMatch(
    /<Error><Code>AccessDenied<\/Code><Message>.*<\/RequestId><\/Error>$/,
  );
});

test("refuses an unknown key and a wrong secret, each by its name", async () => {
  const { server } = await start();
  const stranger = clientOf(server, { credentials: { ...credentials, accessKeyId: "OTHER" } });
  await expect(stranger.send(put("a"))).rejects.toMatchObject({ name: "InvalidAccessKeyId" });
  const wrong = clientOf(server, { credentials: { ...credentials, secretAccessKey: "wrong" } });
  await expect(wrong.send(put("a"))).rejects.toMatchObject({
    name: "SignatureDoesNotMatch",
    $metadata: { httpStatusCode: 403 },
  });
});

test("refuses a signature for another region", async () => {
  const { server } = await start();
  const elsewhere = clientOf(server, { region: "eu-central-1" });
  await expect(elsewhere.send(put("a"))).rejects.toMatchObject({ name: "SignatureDoesNotMatch" });
});

test.each([
  [-15 * 60_000 + 5_000, undefined],
  [-15 * 60_000 - 5_000, "RequestTimeTooSkewed"],
  [15 * 60_000 - 5_000, undefined],
  [15 * 60_000 + 5_000, "RequestTimeTooSkewed"],
])("a clock that is %i ms off is %s", async (offMs, name) => {
  let off = 0;
  const { client } = await start({ now: () => Date.now() + off });
  off = offMs;
  const outcome = await client.send(put("a")).catch((error: unknown) => error);
  if (name === undefined) expect(outcome).toMatchObject({ $metadata: { httpStatusCode: 200 } });
  else expect(outcome).toMatchObject({ name, $metadata: { httpStatusCode: 403 } });
});

const changes: Record<string, readonly [(request: SignedRequest) => void, string]> = {
  "the path": [
    (request) => {
      request.path = "/bucket/b";
    },
    "SignatureDoesNotMatch",
  ],
  "a parameter": [
    (request) => {
      request.query = { ...request.query, prefix: "1" };
    },
    "SignatureDoesNotMatch",
  ],
  "a signed header": [
    (request) => {
      request.headers["content-type"] = "text/csv";
    },
    "SignatureDoesNotMatch",
  ],
  "an added x-amz header": [
    (request) => {
      request.headers["x-amz-acl"] = "public-read";
    },
    "SignatureDoesNotMatch",
  ],
  "the body": [
    (request) => {
      request.body = "CONTENT";
    },
    "XAmzContentSHA256Mismatch",
  ],
  "the kind of signature": [
    (request) => {
      request.headers.authorization = "AWS me:x";
    },
    "AccessDenied",
  ],
};

test.each(Object.entries(changes))(
  "notices that somebody changed %s",
  async (_, [change, name]) => {
    const { server, client } = await start();
    const tampering = tamperingClient(server, change);
    await expect(tampering.send(put("a"))).rejects.toMatchObject({ name });
    const { KeyCount } = await client.send(new ListObjectsV2Command({ Bucket: "bucket" }));
    expect(KeyCount).toBe(0);
  },
);

test("checks keys and parameters in the spelling that was signed", async () => {
  const { client } = await start();
  for (const key of ["a b+c", "ü/😀", "a//b/../c/./d", "!'()*~", "100%25", "/lead", 'q"&=?#']) {
    await client.send(put(key));
    const { Body } = await client.send(new GetObjectCommand({ Bucket: "bucket", Key: key }));
    expect(await Body?.transformToString()).toBe("content");
    const list = await client.send(new ListObjectsV2Command({ Bucket: "bucket", Prefix: key }));
    expect(list.Contents?.map(({ Key }) => Key)).toEqual([key]);
  }
});

test("answers a refused HEAD by status only", async () => {
  const { server } = await start();
  const wrong = clientOf(server, { credentials: { ...credentials, secretAccessKey: "wrong" } });
  await expect(wrong.send(new HeadBucketCommand({ Bucket: "bucket" }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 403 },
  });
});
