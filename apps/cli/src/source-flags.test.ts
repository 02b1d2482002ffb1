import { describe, expect, it } from "vitest";
import { parseSource } from "./source-flags.ts";

const plain = { manifest: false };

describe("parseSource", () => {
  it.each([
    [["s3://b/a.csv"], plain, { uri: "s3://b/a.csv" }],
    [["s3://b/2026/"], plain, { prefix: "s3://b/2026/" }],
    [
      ["s3://b/2026/"],
      { manifest: false, suffix: ".csv" },
      { prefix: "s3://b/2026/", suffix: ".csv" },
    ],
    [
      ["s3://b/2026-"],
      { manifest: false, suffix: ".csv" },
      { prefix: "s3://b/2026-", suffix: ".csv" },
    ],
    [["s3://b/*.csv"], plain, { glob: "s3://b/*.csv" }],
    [["s3://b/{a,b}/"], plain, { glob: "s3://b/{a,b}/" }],
    [["s3://b/%2A.csv"], plain, { uri: "s3://b/%2A.csv" }],
    [["s3://b/m.json"], { manifest: true }, { manifest: "s3://b/m.json" }],
    [["s3://b/2.csv", "s3://b/1.csv"], plain, { keys: ["s3://b/2.csv", "s3://b/1.csv"] }],
  ])("reads %j with %j", (uris, flags, source) => {
    expect(parseSource(uris, flags)).toEqual(source);
  });

  it.each([
    [[], plain],
    [["s3://b/a.csv", "s3://b/2026/"], plain],
    [["s3://b/a.csv", "s3://b/*.csv"], plain],
    [["s3://b/a.csv", "s3://b/b.csv"], { manifest: true }],
    [["s3://b/a.csv", "s3://b/b.csv"], { manifest: false, suffix: ".csv" }],
    [["s3://b/*"], { manifest: false, suffix: ".csv" }],
    [["s3://b/m.json"], { manifest: true, suffix: ".csv" }],
  ])("refuses %j with %j", (uris, flags) => {
    expect(() => parseSource(uris, flags)).toThrow(expect.objectContaining({ kind: "usage" }));
  });
});
