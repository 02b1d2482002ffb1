import fc from "fast-check";
import { expect, test } from "vitest";
import { compareKeys, formatUri, parseUri, schemeOf } from "./source-uri.ts";

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

test.each([
  "s3://",
  "s3:///key",
  "s3://b",
  "s3://user:secret@bucket/key",
  "s3://buc ket/key",
  "s3://a/%ff",
])("%s is refused", (uri) => {
  expect(() => parseUri(uri, "s3")).toThrow(
    expect.objectContaining({ code: "ERR_SOURCE_URI", fields: { uri } }),
  );
});

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

test("keys compare as their UTF-8 bytes, not as UTF-16", () => {
  expect(["😀", "\uFFF0", "z", "é", "a/", "a."].toSorted(compareKeys)).toEqual([
    "a.",
    "a/",
    "z",
    "é",
    "\uFFF0",
    "😀",
  ]);
});
