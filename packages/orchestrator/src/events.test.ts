import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { eventLine } from "./events.ts";

test("an event is one line of its type and its measures", () => {
  expect(
    eventLine({ type: "load.ended", loadId: "default.a", state: "failed", message: "two words" }),
  ).toBe('load.ended loadId=default.a state=failed message="two words"');
});

test("counts in an event are readable too", () => {
  const counts = { value_date: 2, key_empty: 1 };
  expect(eventLine({ type: "load.findings", loadId: "default.a", counts })).toBe(
    'load.findings loadId=default.a counts={"value_date":2,"key_empty":1}',
  );
});

test("events are all described in the package's README, type by type and field by field", () => {
  const folder = new URL(".", import.meta.url);
  const source = readFileSync(new URL("events.ts", folder), "utf8");
  const [union = ""] = source.split("/** Takes an event; must not throw. */");
  const readme = readFileSync(new URL("../README.md", folder), "utf8");
  const rows = new Map(
    [...readme.matchAll(/^\| `([a-z-]+\.[a-z-]+)` +\|[^|]*\|([^|]*)\|$/gm)].map(
      ([, type = "", fields = ""]) => [type, fields],
    ),
  );
  const described = [...union.matchAll(/readonly type:([^;}]*)([^}]*)\}/g)].flatMap(
    ([, types = "", body = ""]) =>
      [...types.matchAll(/"([^"]+)"/g)].map(([, type = ""]) => {
        const fields = [...body.matchAll(/readonly (\w+)\??:/g)].map(([, name]) => name ?? "");
        return { type, fields };
      }),
  );
  expect([...rows.keys()].toSorted()).toEqual(described.map(({ type }) => type).toSorted());
  for (const { type, fields } of described)
    for (const field of fields) expect(`${type}: ${rows.get(type)}`).toContain(`\`${field}\``);
});
