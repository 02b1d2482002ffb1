import fc from "fast-check";
import { expect, test } from "vitest";
import { checkPlainPath, formatUri, parseUri, schemeOf } from "./source-uri.ts";

test("every S3 key survives the way to a URI and back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (key) => {
      const address = { scheme: "s3", container: "a.bucket-1", key } as const;
      expect(parseUri(formatUri(address), "s3")).toEqual(address);
    }),
  );
});

test("every absolute path survives the way to a URI and back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (path) => {
      const address = { scheme: "file", container: "", key: `/${path}` } as const;
      expect(parseUri(formatUri(address), "file")).toEqual(address);
    }),
  );
});

test.each([
  ["s3://bucket", "bucket", ""],
  ["s3://bucket/", "bucket", ""],
  ["s3://bucket//a", "bucket", "/a"],
  ["s3://bucket/a b+c?d#e", "bucket", "a b+c?d#e"],
  ["s3://bucket/%2e%2E/a", "bucket", "../a"],
  ["s3://Old_Bucket.1/a", "Old_Bucket.1", "a"],
])("%s is bucket %s and key %j", (uri, container, key) => {
  expect(parseUri(uri, "s3")).toEqual({ scheme: "s3", container, key });
});

test.each(["s3://", "s3:///key", "s3://b", "s3://buc ket/key", "s3://a/%ff"])(
  "%s is refused",
  (uri) => {
    expect(() => parseUri(uri, "s3")).toThrow(
      expect.objectContaining({ code: "ERR_SOURCE_URI", fields: { uri } }),
    );
  },
);

test.each(["file://host/path", "file://", "file://relative"])("%s is refused", (uri) => {
  expect(() => parseUri(uri, "file")).toThrow(
    expect.objectContaining({ code: "ERR_SOURCE_URI", fields: { uri } }),
  );
});

test.each(["", "bucket/key", "http://bucket/key", "S3://bucket/key", "file:/path"])(
  "%j has no scheme that is read",
  (uri) => {
    expect(() => schemeOf(uri)).toThrow(
      expect.objectContaining({ code: "ERR_SOURCE_URI", fields: { uri } }),
    );
  },
);

test.each([
  ["s3://user:secret@bucket/key", "s3://***@bucket/key"],
  ["https://key:secret@host/a.csv", "https://***@host/a.csv"],
  ["https://bucket.example/a.csv?X-Amz-Signature=secret", "https://bucket.example/a.csv?…"],
  [`ftp://${"x".repeat(2000)}`, `ftp://${"x".repeat(194)}…`],
])("%s is told without what it may hide", (uri, shown) => {
  expect(() => parseUri(uri, "s3")).toThrow(
    expect.objectContaining({
      message: expect.stringContaining(`${shown} `),
      fields: { uri: shown },
    }),
  );
});

test("a key of S3 has at most 1,024 bytes of UTF-8", () => {
  expect(parseUri(`s3://bucket/${"é".repeat(512)}`, "s3").key).toHaveLength(512);
  expect(() => parseUri(`s3://bucket/${"é".repeat(512)}a`, "s3")).toThrow(/1025 bytes.*1024/);
});

test("half a character is refused", () => {
  expect(() => parseUri("s3://bucket/\ud800", "s3")).toThrow(
    expect.objectContaining({ code: "ERR_SOURCE_URI", fields: { uri: "s3://bucket/\ufffd" } }),
  );
});

test.each(["/a/../b", "/..", "/./b", "/a/%2E%2e", "/a%00"])("the path %s is not plain", (path) => {
  const uri = `file://${path}`;
  expect(() => checkPlainPath(parseUri(uri, "file"), uri)).toThrow(
    expect.objectContaining({ code: "ERR_SOURCE_URI", fields: { uri } }),
  );
});

test.each(["file:///a..b/.c", "s3://bucket/../a"])("%s is plain", (uri) => {
  expect(() => checkPlainPath(parseUri(uri, schemeOf(uri)), uri)).not.toThrow();
});

test.each([
  ["ftp://a/b", "s3", "starts with neither s3:// nor file:///"],
  ["file:///a", "s3", "is not of scheme s3"],
  ["s3://b/a", "file", "is not of scheme file"],
  ["s3:///a", "s3", "does not have the shape s3://bucket/key"],
  ["file://host/a", "file", "does not have the shape file:///absolute/path"],
  ["s3://bucket/\ud800", "s3", "is not Unicode text: it holds half a character"],
  ["s3://bucket/%zz", "s3", 'has a "%" that is not part of percent-encoded UTF-8'],
] as const)("says of %j, read as %s, that it %s", (uri, scheme, fault) => {
  expect(() => parseUri(uri, scheme)).toThrow(fault);
});
