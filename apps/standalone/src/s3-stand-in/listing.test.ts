import {
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { start } from "./s3-stand-in.test-support.ts";

const Bucket = "bucket";

async function filled(keys: readonly string[]): Promise<S3Client> {
  const { client } = await start();
  for (const Key of keys) await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  return client;
}

/** Keys and common prefixes, page by page. */
async function pages(
  client: S3Client,
  input: Omit<ListObjectsV2CommandInput, "Bucket"> = {},
): Promise<readonly (readonly string[])[]> {
  const all: string[][] = [];
  let ContinuationToken: string | undefined;
  do {
    const page: ListObjectsV2CommandInput = { Bucket, ...input };
    if (ContinuationToken !== undefined) page.ContinuationToken = ContinuationToken;
    const answer = await client.send(new ListObjectsV2Command(page));
    const names = [
      ...(answer.Contents ?? []).map(({ Key }) => Key),
      ...(answer.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
    ];
    expect(answer.KeyCount).toBe(names.length);
    expect(answer.IsTruncated).toBe(answer.NextContinuationToken !== undefined);
    all.push(names.map((name) => name ?? ""));
    ContinuationToken = answer.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return all;
}

const keys = ["a", "b/1", "b/2", "b/c/3", "d", "é", "\uFFF0", "😀"];

test("lists in the order of UTF-8 bytes, page by page", async () => {
  const client = await filled(keys.toReversed());
  expect(await pages(client)).toEqual([keys]);
  expect(await pages(client, { MaxKeys: 3 })).toEqual([
    keys.slice(0, 3),
    keys.slice(3, 6),
    keys.slice(6),
  ]);
  expect(await pages(client, { MaxKeys: 4 })).toEqual([keys.slice(0, 4), keys.slice(4)]);
});

test("keeps to prefix and start", async () => {
  const client = await filled(keys);
  expect(await pages(client, { Prefix: "b/" })).toEqual([["b/1", "b/2", "b/c/3"]]);
  expect(await pages(client, { StartAfter: "b/2" })).toEqual([["b/c/3", "d", "é", "\uFFF0", "😀"]]);
  expect(await pages(client, { Prefix: "none" })).toEqual([[]]);
  expect(await pages(client, { MaxKeys: 0 })).toEqual([[]]);
});

test("groups what lies behind the delimiter, each group once over all pages", async () => {
  const client = await filled(keys);
  expect(await pages(client, { Delimiter: "/", MaxKeys: 2 })).toEqual([
    ["a", "b/"],
    ["d", "é"],
    ["\uFFF0", "😀"],
  ]);
  expect(await pages(client, { Delimiter: "/", Prefix: "b/" })).toEqual([["b/1", "b/2", "b/c/"]]);
});

test("encodes keys that XML cannot hold where the client asks for it", async () => {
  const client = await filled(["a b+c/\u0001&<é"]);
  const answer = await client.send(new ListObjectsV2Command({ Bucket, EncodingType: "url" }));
  expect(answer.Contents?.[0]?.Key).toBe("a+b%2Bc/%01%26%3C%C3%A9");
});

test("tells size, ETag and time of each object", async () => {
  const client = await filled(["abc"]);
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket }));
  expect(Contents).toEqual([
    expect.objectContaining({
      Key: "abc",
      Size: 3,
      ETag: '"900150983cd24fb0d6963f7d28e17f72"',
      LastModified: expect.any(Date),
    }),
  ]);
});
