import { hash } from "node:crypto";
import { expect, it } from "vitest";
import { type EndedLoad, judgeObject } from "./judge.ts";
import { type LoadPlan, rowOf } from "./workload.ts";

function load(
  version: number,
  keys: readonly [from: number, rows: number],
  operation: LoadPlan["operation"] = "upsert",
): EndedLoad {
  const [firstKey, rows] = keys;
  const file = { name: "f.csv", firstKey, rows, lineEnd: "\n", isGzip: false } as const;
  const plan = { name: `load-${version}`, atMs: 0, object: "thing1", version, operation };
  return { plan: { ...plan, files: [file] }, isComplete: true };
}

function line({ plan }: EndedLoad, key: number): string {
  const short = (text: string): string => hash("sha256", text, "hex").slice(0, 16);
  const fields = rowOf(plan, key);
  return `${plan.operation === "upsert" ? "u" : "d"} ${short(`k${key}`)} ${short(JSON.stringify(fields))}`;
}

const [first, second] = [load(0, [1, 2]), load(1, [1, 1])];
const inOrder = [line(first, 1), line(first, 2), line(second, 1)];

it("finds nothing wrong with every row in order", () => {
  expect(judgeObject([second, first], inOrder)).toEqual({
    rows: 3,
    rowsMissing: 0,
    rowsDoubled: 0,
    rowsResent: 0,
    rowsForeign: 0,
  });
});

it("counts a row that was never applied", () => {
  expect(judgeObject([first, second], inOrder.slice(0, 2))).toMatchObject({ rowsMissing: 1 });
});

it("counts a row that comes twice in a row as sent again", () => {
  const lines = [line(first, 1), line(first, 1), ...inOrder.slice(1)];
  expect(judgeObject([first, second], lines)).toMatchObject({ rowsResent: 1, rowsDoubled: 0 });
});

it("counts an older value after a newer one, also where the newer comes again", () => {
  const older = [...inOrder, line(first, 1)];
  expect(judgeObject([first, second], older)).toMatchObject({ rowsDoubled: 1, rowsMissing: 0 });
  const healed = [...older, line(second, 1)];
  expect(judgeObject([first, second], healed)).toMatchObject({ rowsDoubled: 1 });
});

it("tells an upsert that came after the delete behind it", () => {
  const gone = load(1, [1, 1], "delete");
  const back = [line(first, 2), line(gone, 1), line(first, 1)];
  expect(judgeObject([first, gone], back)).toMatchObject({ rowsDoubled: 1, rowsMissing: 0 });
});

it("tells two deletes of a key apart, also where the first was never applied", () => {
  const loads = [load(0, [1, 1], "delete"), load(1, [1, 1], "delete")] as const;
  const lines = loads.map((each) => line(each, 1));
  expect(judgeObject(loads, lines)).toMatchObject({ rows: 2, rowsMissing: 0, rowsResent: 0 });
  expect(judgeObject(loads, lines.slice(0, 1))).toMatchObject({ rowsMissing: 1 });
  const failed = { ...loads[0], isComplete: false };
  expect(judgeObject([failed, loads[1]], lines.slice(1))).toMatchObject({ rowsMissing: 0 });
});

it("lets an older value come again where loads may repeat, if the newer follows", () => {
  const older = [...inOrder, line(first, 1)];
  const judge = (lines: readonly string[]) =>
    judgeObject([first, second], lines, { mayRepeat: true });
  expect(judge(older)).toMatchObject({ rowsDoubled: 1, rowsResent: 1 });
  expect(judge([...older, line(second, 1)])).toMatchObject({ rowsDoubled: 0, rowsResent: 1 });
});

it("asks nothing of a load that has failed, but its place in the order", () => {
  const failed = { ...first, isComplete: false };
  expect(judgeObject([failed, second], [line(second, 1)])).toMatchObject({ rowsMissing: 0 });
  const late = [line(second, 1), line(failed, 1)];
  expect(judgeObject([failed, second], late)).toMatchObject({ rowsDoubled: 1 });
});

it("counts rows of no source", () => {
  const strange = `u ${"0".repeat(16)} ${"0".repeat(16)}`;
  const spoilt = `${line(first, 1).slice(0, 18)} ${"0".repeat(16)}`;
  expect(judgeObject([first, second], [strange, spoilt, ...inOrder])).toMatchObject({
    rowsForeign: 2,
    rowsMissing: 0,
  });
});
