import { describe, expect, it } from "vitest";
import { compressions, conversionOf, delimiters, encodings } from "./source-format.ts";

const plain = { compression: "none", encoding: "utf-8", delimiter: "," } as const;

it("keeps the names that stand in requests and manifests", () => {
  expect(compressions.join(" ")).toBe("auto none gzip zstd");
  expect(encodings.join(" ")).toBe("utf-8 utf-16 utf-16le utf-16be latin1");
  expect(delimiters.join(" ")).toBe(", ; \t |");
});

describe("conversionOf", () => {
  it.each([
    ["s3://b/a.csv.gz", "gzip"],
    ["s3://b/A.GZ", "gzip"],
    ["file:///a.zst", "zstd"],
    ["file:///a.ZST", "zstd"],
  ] as const)("goes by the name: %s is %s", (uri, compression) => {
    const conversion = { ...plain, compression };
    expect(conversionOf({}, uri)).toEqual(conversion);
    expect(conversionOf({ compression: "auto" }, uri)).toEqual(conversion);
    expect(conversionOf({ compression: "none" }, uri)).toBeUndefined();
  });

  it.each(["s3://b/a.csv", "s3://b/agz", "s3://b/a.gz/b.csv", "s3://b/a.zst.csv", "s3://b/azst"])(
    "takes %s as it is",
    (uri) => {
      expect(conversionOf({}, uri)).toBeUndefined();
      expect(conversionOf(plain, uri)).toBeUndefined();
    },
  );

  it.each([{ compression: "zstd" }, { encoding: "latin1" }, { delimiter: ";" }] as const)(
    "converts where one thing is not plain: %j",
    (format) => {
      expect(conversionOf(format, "s3://b/a.csv")).toEqual({ ...plain, ...format });
    },
  );
});
