import { describe, expect, it } from "vitest";
import { clientOf } from "../api.test-support.ts";
import { clientOfKey, clientOfSubject, sameSecret } from "./clients.ts";

const ops = clientOf("ops", "old");
const [old] = ops.keys;
const [fresh] = clientOf("ops", "new").keys;
if (old === undefined || fresh === undefined) throw new Error("a client has a key");
const both = { ...ops, keys: [{ ...old, expires: 1000 }, fresh], subject: "job-1" };
const clients = new Map([
  ["ops", both],
  ["other", clientOf("other", "third")],
]);

describe("the client of a key", () => {
  it("is opened by both of its keys until one expires", () => {
    expect(clientOfKey(clients, "old", 999)?.access.name).toBe("ops");
    expect(clientOfKey(clients, "old", 1000)).toBeUndefined();
    expect(clientOfKey(clients, "new", 1000)?.access.name).toBe("ops");
    expect(clientOfKey(clients, "third", 1000)?.access.name).toBe("other");
  });

  it.each(["", "wrong", "OLD", "old "])("is nobody for %j", (key) => {
    expect(clientOfKey(clients, key, 0)).toBeUndefined();
    expect(clientOfKey(new Map(), key, 0)).toBeUndefined();
  });
});

it("finds the client of a subject, and none for a subject that nobody has", () => {
  expect(clientOfSubject(clients, "job-1")?.access.name).toBe("ops");
  expect(clientOfSubject(clients, "job-2")).toBeUndefined();
});

it("compares secrets of any length", () => {
  expect(sameSecret("a", "a")).toBe(true);
  expect(sameSecret("a", "ab")).toBe(false);
});
