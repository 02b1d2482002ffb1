import { expect, test } from "vitest";
import { findingsCsv } from "./findings-csv.ts";

test("each finding is a record under a header", () => {
  const first = { uri: "s3://b/a.csv", line: 2 };
  const csv = findingsCsv({
    findings: [
      { rule: "value_date", uri: "s3://b/a.csv", line: 7, column: "born" },
      { rule: "key_doubled", uri: "s3://b/c.csv", line: 9, column: "id", first },
    ],
  });
  expect(csv).toBe(
    "uri,line,column,rule,firstUri,firstLine\r\n" +
      "s3://b/a.csv,7,born,value_date,,\r\n" +
      "s3://b/c.csv,9,id,key_doubled,s3://b/a.csv,2\r\n",
  );
});

test.each(["=cmd()", "+1", "-1", "@x", "\tx", "\rx"])(
  "a field that begins as a formula does is text: %j",
  (column) => {
    const csv = findingsCsv({ findings: [{ rule: "value_date", uri: "u", line: 1, column }] });
    expect(csv.split("\r\n").slice(1).join("\r\n")).toContain(`'${column}`);
  },
);

test.each(["a=b", "a-1", "me@example.com", "a\tb"])(
  "any other field stays as it is: %j",
  (column) => {
    const csv = findingsCsv({ findings: [{ rule: "value_date", uri: "u", line: 1, column }] });
    expect(csv).toContain(`\r\nu,1,${column},value_date`);
  },
);

test("commas, quotes and line ends in a field stay in the field", () => {
  const csv = findingsCsv({
    findings: [{ rule: "value_date", uri: 'file:///a,"b"\n.csv', line: 1, column: "c" }],
  });
  expect(csv).toContain('\r\n"file:///a,""b""\n.csv",1,c,value_date,,\r\n');
});
