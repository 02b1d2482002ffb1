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
