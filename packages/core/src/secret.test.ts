import { format, inspect } from "node:util";
import { expect, test } from "vitest";
import { Secret } from "./secret.ts";

const secret = new Secret("hunter2");

test("reveals itself to who asks", () => {
  expect(secret.reveal()).toBe("hunter2");
});

test.each([
  ["as a string", `${secret}`],
  ["as JSON", JSON.stringify({ secret })],
  ["inspected", inspect({ secret }, { depth: 9, showHidden: true })],
  ["formatted, as console.log does", format("%s %o %j", secret, secret, secret)],
  ["spread", inspect({ ...secret })],
])("does not show itself %s", (_what, shown) => {
  expect(shown).not.toContain("hunter2");
});
