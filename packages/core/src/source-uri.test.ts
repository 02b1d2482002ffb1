import fc from "fast-check";
import { expect, test } from "vitest";
import {
  checkPlainPath,
  decodeKey,
  formatUri,
  parseUri,
  schemeOf,
  uriError,
} from "./source-uri.ts";

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

test("a path may be longer than a key of S3", () => {
  const uri = `file:///${"a/".repeat(1000)}`;
  expect(parseUri(uri, "file").key).toHaveLength(2001);
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

test("a refusal names the address and what is wrong with it, for people too", () => {
  const long = `s3://bucket/${"a".repeat(1025)}`;
  expect(() => parseUri(long, "s3")).toThrow(/^source URI s3:.*… has a key of 1025 bytes/);
  const dots = { scheme: "file", container: "", key: "/a/.." } as const;
  expect(() => checkPlainPath(dots, "file:///a/..")).toThrow(
    'source URI file:///a/.. holds "." or ".." or a zero byte',
  );
  expect(() => decodeKey("%", "s3://bucket/%")).toThrow(
    expect.objectContaining({
      message: expect.stringContaining("write %25 for it"),
      cause: expect.any(URIError),
    }),
  );
});

test("a key that is not Unicode text has no URI", () => {
  const address = { scheme: "s3", container: "bucket", key: "a\udc00" } as const;
  expect(() => formatUri(address)).toThrow(
    expect.objectContaining({
      code: "ERR_SOURCE_URI",
      message: "source URI bucket holds a key that is not Unicode text",
    }),
  );
});

test("a URI is written so that it means one key, its slashes as they are", () => {
  const key = "/a/b*/*?{c}%.csv";
  expect(formatUri({ scheme: "s3", container: "b", key: key.slice(1) })).toBe(
    "s3://b/a/b%2A/%2A%3F%7Bc%7D%25.csv",
  );
  expect(formatUri({ scheme: "file", container: "", key })).toBe(
    "file:///a/b%2A/%2A%3F%7Bc%7D%25.csv",
  );
});

test.each([
  // A login is told by its place, between the scheme and the first slash.
  ["s3://bucket/a@b", "s3://bucket/a@b"],
  ["s3://bucket/see-ftp://a:b@c", "s3://bucket/see-ftp://a:b@c"],
  ["git+ssh-1.x://a:b@host/c@d", "git+ssh-1.x://***@host/c@d"],
  ["FTP://a\nb@host", "FTP://***@host"],
  ["://a@b", "://***@b"],
  // A query of an S3 URI is part of its key.
  ["s3://bucket/a?b=c", "s3://bucket/a?b=c"],
  ["s3://bucket/http:a?b", "s3://bucket/http:a?b"],
  ["http://host/a?b=c\n?d", "http://host/a?…"],
  ["https://host/a", "https://host/a"],
  // As long as a person reads, and never half a character.
  [`ftp://${"x".repeat(194)}`, `ftp://${"x".repeat(194)}`],
  [`ftp://${"x".repeat(193)}😀`, `ftp://${"x".repeat(193)}\ufffd…`],
])("%j is told as %j", (uri, shown) => {
  expect(uriError(uri, "is wrong")).toMatchObject({
    message: `source URI ${shown} is wrong`,
    fields: { uri: shown },
  });
});
