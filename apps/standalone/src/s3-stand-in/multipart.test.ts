import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { expect, test } from "vitest";
import { start } from "./s3-stand-in.test-support.ts";

const Bucket = "bucket";
const Key = "big.csv";
const MiB = 1024 * 1024;

async function begin(client: S3Client): Promise<string> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  return UploadId ?? "";
}

async function putPart(
  client: S3Client,
  part: { readonly UploadId: string; readonly PartNumber: number; readonly Body: Buffer },
): Promise<{ ETag: string; PartNumber: number }> {
  const { ETag = "" } = await client.send(new UploadPartCommand({ Bucket, Key, ...part }));
  return { ETag, PartNumber: part.PartNumber };
}

function complete(
  client: S3Client,
  UploadId: string,
  Parts: { ETag: string; PartNumber: number }[],
) {
  const command = { Bucket, Key, UploadId, MultipartUpload: { Parts } };
  return client.send(new CompleteMultipartUploadCommand(command));
}

test("the SDK's Upload of parts side by side gives the object and S3's ETag for it", async () => {
  const { client, folder } = await start();
  const Body = Buffer.alloc(12 * MiB, "0123456789\n");
  const upload = new Upload({
    client,
    params: { Bucket, Key, Body },
    partSize: 5 * MiB,
    queueSize: 3,
  });
  const { ETag } = await upload.done();
  const md5 = (content: Buffer) => createHash("md5").update(content).digest();
  const parts = [
    Body.subarray(0, 5 * MiB),
    Body.subarray(5 * MiB, 10 * MiB),
    Body.subarray(10 * MiB),
  ];
  expect(ETag).toBe(`"${md5(Buffer.concat(parts.map(md5))).toString("hex")}-3"`);
  const answer = await client.send(new GetObjectCommand({ Bucket, Key }));
  expect(Buffer.from((await answer.Body?.transformToByteArray()) ?? []).equals(Body)).toBe(true);
  expect(await readdir(join(folder, Bucket, "content"))).toHaveLength(1);
});

test("the object is made of the parts named, the last put under each number", async () => {
  const { client } = await start();
  const UploadId = await begin(client);
  await putPart(client, { UploadId, PartNumber: 3, Body: Buffer.from("first try") });
  const two = await putPart(client, { UploadId, PartNumber: 2, Body: Buffer.alloc(5 * MiB, "a") });
  const three = await putPart(client, { UploadId, PartNumber: 3, Body: Buffer.from("end") });
  await putPart(client, { UploadId, PartNumber: 9, Body: Buffer.from("not named") });
  await complete(client, UploadId, [two, three]);
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, Range: "bytes=-5" }));
  expect(await Body?.transformToString()).toBe("aaend");
});

test("refuses to complete what is out of order, unknown or too small, and keeps the upload", async () => {
  const { client } = await start();
  const UploadId = await begin(client);
  const one = await putPart(client, { UploadId, PartNumber: 1, Body: Buffer.from("small") });
  const two = await putPart(client, { UploadId, PartNumber: 2, Body: Buffer.from("end") });
  for (const [parts, name] of [
    [[two, one], "InvalidPartOrder"],
    [[one, { ...two, PartNumber: 3 }], "InvalidPart"],
    [[{ ...one, ETag: two.ETag }], "InvalidPart"],
    [[one, two], "EntityTooSmall"],
    [[], "MalformedXML"],
  ] as const) {
    await expect(complete(client, UploadId, [...parts])).rejects.toMatchObject({ name });
  }
  await complete(client, UploadId, [two]);
});

test("an upload that was aborted or completed is gone, with its files", async () => {
  const { client, folder } = await start();
  const UploadId = await begin(client);
  const one = await putPart(client, { UploadId, PartNumber: 1, Body: Buffer.from("content") });
  await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  await expect(complete(client, UploadId, [one])).rejects.toMatchObject({ name: "NoSuchUpload" });
  const late = putPart(client, { UploadId, PartNumber: 2, Body: Buffer.from("late") });
  await expect(late).rejects.toMatchObject({ name: "NoSuchUpload" });
  expect(await readdir(join(folder, Bucket, "content"))).toEqual([]);
});

test("a part number outside 1 to 10,000 is refused", async () => {
  const { client } = await start();
  const UploadId = await begin(client);
  for (const PartNumber of [0, 10_001]) {
    await expect(
      putPart(client, { UploadId, PartNumber, Body: Buffer.from("x") }),
    ).rejects.toMatchObject({
      name: "InvalidArgument",
    });
  }
});
