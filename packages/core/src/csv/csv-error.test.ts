import { expect, test } from "vitest";
import { csvError, csvFileError, recordTooLarge } from "./csv-error.ts";

const place = { uri: "s3://bucket/a.csv", line: 3, byteOffset: 17 };

test("an error about a place names the file, the line and the byte", () => {
  expect(csvError("ERR_CSV_BARE_CR", "has a lone CR", place)).toMatchObject({
    code: "ERR_CSV_BARE_CR",
    message: "s3://bucket/a.csv: has a lone CR at line 3 (byte 17)",
    fields: place,
  });
});

test("a record that is too large is said to have at least one byte more than fits", () => {
  expect(recordTooLarge(place, 100)).toMatchObject({
    code: "ERR_CSV_RECORD_TOO_LARGE",
    message:
      "s3://bucket/a.csv: the record at line 3 (byte 17) has more than the 100 bytes that fit",
    fields: { ...place, bytesSeen: 101, bytesAllowed: 100 },
  });
});

test("an error about a whole file names it and no place", () => {
  const error = csvFileError("ERR_CSV_EMPTY", "has no record", place.uri);
  expect(error.message).toBe("s3://bucket/a.csv: has no record");
  expect(error.fields).toEqual({ uri: place.uri });
});
