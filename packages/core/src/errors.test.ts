import { expect, it } from "vitest";
import { BulkError, isBulkError } from "./errors.ts";

it("a BulkError has a name, a code and fields, and a cause only where one is given", () => {
  const cause = new Error("below");
  const error = new BulkError("ERR_CONFIG", "wrong", { fields: { setting: "a" }, cause });
  expect(error).toMatchObject({ name: "BulkError", code: "ERR_CONFIG", message: "wrong" });
  expect(error.fields).toEqual({ setting: "a" });
  expect(error.cause).toBe(cause);
  const bare = new BulkError("ERR_CONFIG", "wrong");
  expect(bare.fields).toEqual({});
  expect("cause" in bare).toBe(false);
});

it("a BulkError is known by its codes, other errors are not", () => {
  const error = new BulkError("ERR_CONFIG", "wrong");
  expect(isBulkError(error)).toBe(true);
  expect(isBulkError(error, "ERR_SCRATCH", "ERR_CONFIG")).toBe(true);
  expect(isBulkError(error, "ERR_SCRATCH")).toBe(false);
  expect(isBulkError(new Error("wrong"))).toBe(false);
});
