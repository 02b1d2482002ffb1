import { bytes, type ErrorCode, type SourceObject } from "@headgate/core";
import { describe, expect, test } from "vitest";
import { collect, listAll, never, rangeOf, readAll, sample } from "./conformance/subject.ts";
import { createS3Store, type S3Store } from "./s3-store.ts";
import { type Answer, fail, serve, startScriptedS3, storeOn } from "./scripted-s3.test-support.ts";

const content = sample(5_000);
const object: SourceObject = { uri: "s3://bucket/key.csv", bytes: bytes(5_000), pin: '"pin"' };

describe("pins", () => {
  const page =
    (...keys: readonly string[]): Answer =>
    (_, response) => {
      const contents = keys
        .map((key) => `<Contents><Key>${key}</Key><Size>5000</Size><ETag>"pin"</ETag></Contents>`)
        .join("");
      response.end(
        `<ListBucketResult><IsTruncated>false</IsTruncated>${contents}</ListBucketResult>`,
      );
    };
  const head =
    (version: string | undefined): Answer =>
    (_, response) => {
      const headers = { etag: '"pin"', "content-length": "5000" };
      response.writeHead(
        200,
        version === undefined ? headers : { ...headers, "x-amz-version-id": version },
      );
      response.end();
    };
  const prefix = { kind: "prefix", uri: "s3://bucket/" } as const;
  const pinsOf = async (store: S3Store) => (await listAll(store, prefix)).map(({ pin }) => pin);

  test("hold the version where the bucket keeps versions, and reads ask for it", async () => {
    let ifMatch: string | undefined;
    const read: Answer = (request, response) => {
      ifMatch = request.headers["if-match"];
      serve(content)(request, response);
    };
    const server = await startScriptedS3([page("key.csv"), head("v7"), read]);
    const store = storeOn(server);
    const [pinned] = await listAll(store, prefix);
    expect(pinned).toEqual({ ...object, pin: '"pin" v7' });
    if (pinned !== undefined) await readAll(store, pinned);
    expect(server.requests[2]).toContain("versionId=v7");
    expect(ifMatch).toBe('"pin"');
  });

  test("are the ETag alone for objects of version null", async () => {
    const server = await startScriptedS3([page("a", "b"), head("null")]);
    expect(await pinsOf(storeOn(server))).toEqual(['"pin"', '"pin"']);
    expect(server.requests).toHaveLength(3);
  });

  test("cost no call an object where the bucket keeps no versions", async () => {
    const keys = Array.from({ length: 100 }, (_, index) => `k${String(index).padStart(3, "0")}`);
    const server = await startScriptedS3([page(...keys), head(undefined)]);
    expect(await pinsOf(storeOn(server))).toHaveLength(100);
    expect(server.requests.length).toBeLessThan(40);
  });

  test("are taken from the listing where versions are switched off", async () => {
    const server = await startScriptedS3([page("a", "b"), head("v7")]);
    expect(await pinsOf(storeOn(server, { useVersions: false }))).toEqual(['"pin"', '"pin"']);
    expect(server.requests).toHaveLength(1);
  });

  test("are refused where a listing repeats a key", async () => {
    const server = await startScriptedS3([page("a", "b", "b"), head(undefined)]);
    await expect(pinsOf(storeOn(server))).rejects.toMatchObject({
      code: "ERR_SOURCE_UNREADABLE",
      fields: { uri: "s3://bucket/b" },
    });
  });
});

describe("a listing or lookup that fails", () => {
  test.each<[string, Answer, ErrorCode, Record<string, unknown>]>([
    [
      "a missing bucket",
      fail(404, "NoSuchBucket"),
      "ERR_SOURCE_NOT_FOUND",
      { status: 404, reason: "NoSuchBucket" },
    ],
    ["refused access", fail(403, "AccessDenied"), "ERR_SOURCE_FORBIDDEN", { status: 403 }],
    [
      "a wrong secret",
      fail(403, "SignatureDoesNotMatch"),
      "ERR_SOURCE_FORBIDDEN",
      { reason: "SignatureDoesNotMatch" },
    ],
    ["throttling", fail(503, "SlowDown"), "ERR_SOURCE_UNREADABLE", { reason: "SlowDown" }],
    ["a skewed clock", fail(403, "RequestTimeTooSkewed"), "ERR_SOURCE_UNREADABLE", { status: 403 }],
    ["a bad bucket name", fail(400, "InvalidBucketName"), "ERR_SOURCE_URI", { status: 400 }],
    [
      "another region",
      fail(301, "PermanentRedirect", { "x-amz-bucket-region": "eu-west-1" }),
      "ERR_CONFIG",
      { status: 301, region: "eu-west-1" },
    ],
    ["a redirect", fail(307, "TemporaryRedirect"), "ERR_CONFIG", { status: 307 }],
    [
      "a region in the signature",
      fail(400, "AuthorizationHeaderMalformed"),
      "ERR_CONFIG",
      { status: 400 },
    ],
  ])("names %s", async (_, answer, code, fields) => {
    const server = await startScriptedS3([answer]);
    const listing = listAll(storeOn(server), { kind: "prefix", uri: "s3://bucket/p" });
    await expect(listing).rejects.toMatchObject({
      code,
      fields: { uri: "s3://bucket/p", ...fields },
    });
  });

  test("goes by the status where a HEAD is refused, which has no body to name the error", async () => {
    const server = await startScriptedS3([(_, response) => response.writeHead(403).end()]);
    const listing = listAll(storeOn(server), { kind: "keys", uris: ["s3://bucket/key"] });
    await expect(listing).rejects.toMatchObject({
      code: "ERR_SOURCE_FORBIDDEN",
      fields: { uri: "s3://bucket/key", status: 403 },
    });
  });

  test("says which region the settings name, and nothing that the server wrote", async () => {
    const server = await startScriptedS3([
      fail(301, "PermanentRedirect", { "x-amz-bucket-region": "eu-west-1" }),
    ]);
    const listing = listAll(storeOn(server), { kind: "prefix", uri: "s3://bucket/p" });
    await expect(listing).rejects.toThrow(/region eu-west-1, the settings say us-east-1 at http/);
    await expect(
      listAll(storeOn(server), { kind: "prefix", uri: "s3://bucket/p" }),
    ).rejects.not.toThrow(/text of the server/);
  });
});

test.each(["s3://bucket", "s3://bucket/"])("%s is no object", async (uri) => {
  const server = await startScriptedS3([serve(content)]);
  for (const selection of [
    { kind: "keys", uris: [uri] },
    { kind: "manifest", uri },
  ] as const) {
    await expect(listAll(storeOn(server), selection)).rejects.toMatchObject({
      code: "ERR_SOURCE_URI",
      fields: { uri: "s3://bucket/" },
    });
  }
  expect(server.requests).toEqual([]);
});

describe("allowed buckets", () => {
  const allowedBuckets = ["open", "shared/ours/"];

  test.each([
    "s3://closed/a",
    "s3://shared/a",
    "s3://shared/ours",
    "s3://shared/ours-not/a",
    "s3://opened/a",
  ])("refuses %s at listing and at reading, before any request", async (uri) => {
    const server = await startScriptedS3([serve(content)]);
    const store = storeOn(server, { allowedBuckets });
    for (const kind of ["uri", "prefix", "glob", "manifest"] as const) {
      await expect(listAll(store, { kind, uri })).rejects.toMatchObject({
        code: "ERR_SOURCE_URI",
        fields: { uri: expect.stringContaining(uri) },
      });
    }
    await expect(readAll(store, { ...object, uri })).rejects.toMatchObject({
      code: "ERR_SOURCE_URI",
    });
    expect(server.requests).toEqual([]);
  });

  test.each(["s3://open/a", "s3://shared/ours/a"])("lets %s through", async (uri) => {
    const server = await startScriptedS3([serve(content)]);
    const seen = await readAll(storeOn(server, { allowedBuckets }), { ...object, uri });
    expect(seen.equals(content)).toBe(true);
  });

  test.each(["bucket/folder", "", "/x"])("does not take the entry %j", (entry) => {
    expect(() => createS3Store({ allowedBuckets: [entry] })).toThrow(
      expect.objectContaining({ code: "ERR_CONFIG", fields: { entry } }),
    );
  });
});

test("every call names the expected owner of the bucket", async () => {
  const owners: unknown[] = [];
  const server = await startScriptedS3([
    (request, response) => {
      owners.push(request.headers["x-amz-expected-bucket-owner"]);
      fail(403, "AccessDenied")(request, response);
    },
  ]);
  const store = storeOn(server, { expectedBucketOwner: "111122223333", readTries: 1 });
  const failures = [
    listAll(store, { kind: "prefix", uri: "s3://bucket/p" }),
    listAll(store, { kind: "keys", uris: ["s3://bucket/p"] }),
    collect(store.read(object, rangeOf(0, 1), { signal: never() })),
  ];
  for (const failure of await Promise.allSettled(failures)) expect(failure.status).toBe("rejected");
  expect(owners).toEqual(["111122223333", "111122223333", "111122223333"]);
});
