import { expect, it } from "vitest";
import { fillDate } from "./date-pattern.ts";

it.each([
  ["s3://b/exports/{yyyy-MM-dd}/orders/", "s3://b/exports/2026-03-09/orders/"],
  ["s3://b/{yyyy}/{MM}/{dd}/", "s3://b/2026/03/09/"],
  ["s3://b/{yyyyMMdd}.csv", "s3://b/20260309.csv"],
  ["s3://b/dt={yyyy-MM-dd}/{dd}.{MM}.{yyyy}", "s3://b/dt=2026-03-09/09.03.2026"],
  ["s3://b/{yyyy/MM/dd}/*.csv", "s3://b/2026/03/09/*.csv"],
  ["s3://b/plain/", "s3://b/plain/"],
])("fills %s", (text, filled) => {
  expect(fillDate(text, "2026-03-09")).toBe(filled);
});

it("leaves a glob's alternatives, and fills patterns within them", () => {
  expect(fillDate("s3://b/{a,b}/{yyyy}/*.{csv,csv.gz}", "2026-03-09")).toBe(
    "s3://b/{a,b}/2026/*.{csv,csv.gz}",
  );
  expect(fillDate("s3://b/{in-{yyyy},old}/", "2026-03-09")).toBe("s3://b/{in-2026,old}/");
});

it.each([
  ["s3://bucket/{yyyy-MM-dd/", "{yyyy-MM-dd/"],
  ["s3://bucket/yyyy}/a", "}/a"],
  ["s3://bucket/{a,{yyyy}/*", "{a,{yyyy}/*"],
  ["s3://bucket/}{", "}{"],
])("refuses %s, whose brace has no other", (text, pattern) => {
  expect(() => fillDate(text, "2026-03-09")).toThrow(
    expect.objectContaining({ code: "ERR_REQUEST_INVALID", fields: { pattern } }),
  );
});

it("says what is wrong with a brace and with a pattern", () => {
  expect(() => fillDate("s3://b/{yyyy", "2026-03-09")).toThrow(
    '"{yyyy" in s3://b/{yyyy has a brace without its other',
  );
  expect(() => fillDate("s3://b/{YYYY}", "2026-03-09")).toThrow(
    '"{YYYY}" in s3://b/{YYYY} is no date pattern',
  );
});

it("leaves encoded braces", () => {
  expect(fillDate("s3://bucket/%7Byyyy/", "2026-03-09")).toBe("s3://bucket/%7Byyyy/");
});

it.each(["{YYYY}", "{yyyy-mm-dd}", "{yy}", "{date}", "{}", "{-}", "{HH}", "{yyyy-MM-DD}", "{ddd}"])(
  "refuses %s, naming it",
  (pattern) => {
    expect(() => fillDate(`s3://b/${pattern}/`, "2026-03-09")).toThrow(
      expect.objectContaining({ code: "ERR_REQUEST_INVALID", fields: { pattern } }),
    );
  },
);
