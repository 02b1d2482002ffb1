import { expect, it } from "vitest";
import { checkSelectedUris, distinctAddresses, type SourceSelection } from "./source-selection.ts";

it.each<SourceSelection>([
  { kind: "uri", uri: "s3://bucket" },
  { kind: "uri", uri: "file:///data/a.csv" },
  { kind: "prefix", uri: "s3://bucket/exports/2026-", suffix: ".csv" },
  { kind: "glob", uri: "s3://bucket/**/{a,b}-[0-9]?.csv" },
  { kind: "keys", uris: ["s3://bucket/a.csv", "s3://other/a.csv"] },
  { kind: "manifest", uri: "s3://bucket/manifest.json" },
])("finds nothing wrong with %j", (selection) => {
  expect(() => checkSelectedUris(selection)).not.toThrow();
});

it.each<[string, SourceSelection]>([
  ["http://169.254.169.254/", { kind: "uri", uri: "http://169.254.169.254/" }],
  ["/etc/passwd", { kind: "prefix", uri: "/etc/passwd" }],
  ["orders.csv", { kind: "manifest", uri: "orders.csv" }],
  ["upload://x", { kind: "glob", uri: "upload://x" }],
  ["s3://", { kind: "uri", uri: "s3://" }],
  ["s3://x", { kind: "uri", uri: "s3://x" }],
  ["s3://x/*", { kind: "glob", uri: "s3://x/*" }],
  ["s3://bucket/%zz*", { kind: "glob", uri: "s3://bucket/%zz*" }],
  ["file:///tmp/*/../x", { kind: "glob", uri: "file:///tmp/*/../x" }],
  ["file:///tmp/../x", { kind: "uri", uri: "file:///tmp/../x" }],
  ["file:///tmp/../x", { kind: "prefix", uri: "file:///tmp/../x" }],
  ["file:///tmp/%2E/x", { kind: "glob", uri: "file:///tmp/%2E/x" }],
  ["file:///tmp/./x", { kind: "keys", uris: ["file:///tmp/./x"] }],
  ["s3://bucket/", { kind: "keys", uris: ["s3://bucket"] }],
  ["s3://bucket/", { kind: "manifest", uri: "s3://bucket/" }],
  ["file:///a", { kind: "keys", uris: ["s3://bucket/a", "file:///a"] }],
])("refuses %s, naming it", (uri, selection) => {
  expect(() => checkSelectedUris(selection)).toThrow(
    expect.objectContaining({ code: "ERR_SOURCE_URI", fields: { uri } }),
  );
});

it("refuses an object that is named twice, whatever its spelling", () => {
  const uris = ["s3://bucket/a b", "s3://bucket/%61%20b"];
  expect(() => checkSelectedUris({ kind: "keys", uris })).toThrow(
    expect.objectContaining({
      code: "ERR_REQUEST_INVALID",
      message: "source object s3://bucket/a%20b is named twice",
      fields: { uri: "s3://bucket/a%20b" },
    }),
  );
});

it("refuses a list of no objects, which has no scheme", () => {
  expect(() => checkSelectedUris({ kind: "keys", uris: [] })).toThrow(
    expect.objectContaining({ code: "ERR_SOURCE_URI", fields: { uri: "" } }),
  );
});

it("refuses a prefix that is longer than any key of S3", () => {
  const uri = `s3://bucket/${"a".repeat(1025)}`;
  expect(() => checkSelectedUris({ kind: "prefix", uri })).toThrow(/1025 bytes/);
});

it("says what an object lacks that is only a bucket", () => {
  expect(() => checkSelectedUris({ kind: "manifest", uri: "s3://bucket" })).toThrow(
    "source URI s3://bucket/ names a bucket and no object in it",
  );
});

it("gives the addresses of objects in their order", () => {
  const uris = ["s3://bucket/b%20c", "s3://bucket/a"];
  expect(distinctAddresses(uris, "s3")).toEqual([
    { scheme: "s3", container: "bucket", key: "b c" },
    { scheme: "s3", container: "bucket", key: "a" },
  ]);
});
