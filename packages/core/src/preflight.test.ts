import { describe, expect, test } from "vitest";
import {
  createFindingsLog,
  type Finding,
  findingsTotal,
  maxFindingsKept,
  noFindings,
  preflightPolicies,
  preflightRefusal,
} from "./preflight.ts";

function finding(line: number, rule: Finding["rule"] = "value_number"): Finding {
  return { rule, uri: "s3://bucket/a.csv", line, column: "amount" };
}

describe("a log of findings", () => {
  test("counts all of them by rule and keeps the first thousand in order", () => {
    const log = createFindingsLog("warn");
    for (let line = 1; line <= 1500; line++)
      log.add(finding(line, line % 2 ? "value_number" : "value_date"));
    log.addMany("key_doubled", 7, [finding(1, "key_doubled")]);
    const { policy, counts, findings } = log.findings();
    expect({ policy, counts, total: findingsTotal({ counts }) }).toEqual({
      policy: "warn",
      counts: { value_number: 750, value_date: 750, key_doubled: 7 },
      total: 1507,
    });
    expect(findings.map(({ line }) => line)).toEqual(
      Array.from({ length: maxFindingsKept }, (_, index) => index + 1),
    );
  });

  test("counts more than it is given to keep", () => {
    const log = createFindingsLog("refuse");
    log.addMany("key_doubled", 0, []);
    expect(log.findings().counts).toEqual({});
    log.addMany("key_doubled", 5000, [finding(1, "key_doubled"), finding(2, "key_doubled")]);
    expect(log.findings()).toMatchObject({ counts: { key_doubled: 5000 } });
    expect(log.findings().findings).toHaveLength(2);
  });

  test("answers findings that later ones do not change", () => {
    const log = createFindingsLog("refuse");
    const before = log.findings();
    log.add(finding(1));
    expect(before).toEqual({ policy: "refuse", counts: {}, findings: [] });
  });
});

test("no findings are those of a log to which nothing was added", () => {
  for (const policy of preflightPolicies)
    expect(noFindings(policy)).toEqual(createFindingsLog(policy).findings());
});

describe("refusal", () => {
  test("names the counts by rule and the first finding's place", () => {
    const log = createFindingsLog("refuse");
    log.add(finding(3, "value_number"));
    log.add(finding(4, "column_unknown"));
    log.add(finding(5, "value_number"));
    expect(preflightRefusal(log.findings())).toMatchObject({
      code: "ERR_PREFLIGHT_REFUSED",
      message:
        "preflight found 3 faults (column_unknown 1, value_number 2); the first is value_number at s3://bucket/a.csv line 3, amount",
      fields: {
        findings: 3,
        counts: "column_unknown 1, value_number 2",
        rule: "value_number",
        uri: "s3://bucket/a.csv",
        line: 3,
        column: "amount",
      },
    });
  });

  test("of one fault that is no column's says so", () => {
    const log = createFindingsLog("refuse");
    log.add({ rule: "line_end_mixed", uri: "s3://bucket/a.csv", line: 3, column: "" });
    expect(preflightRefusal(log.findings())?.message).toBe(
      "preflight found 1 fault (line_end_mixed 1); the first is line_end_mixed at s3://bucket/a.csv line 3",
    );
  });

  test("is for policy refuse with findings only", () => {
    const warned = createFindingsLog("warn");
    warned.add(finding(1));
    expect(preflightRefusal(warned.findings())).toBeUndefined();
    expect(preflightRefusal(createFindingsLog("refuse").findings())).toBeUndefined();
  });
});
