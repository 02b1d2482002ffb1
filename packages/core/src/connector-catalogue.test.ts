import { describe, expect, it } from "vitest";
import { type ConnectorCatalogue, fieldsOf } from "./connector-catalogue.ts";

const catalogue: ConnectorCatalogue = new Map<string, Map<string, string[]> | "unchecked">([
  ["crm", new Map([["orders", ["id", "note"]]])],
  ["erp", "unchecked"],
]);

describe("fieldsOf", () => {
  it("gives the fields of an object", () => {
    expect(fieldsOf(catalogue, { sourceName: "crm", object: "orders" })).toEqual(["id", "note"]);
  });

  it("checks nothing of a connector without a schema", () => {
    expect(fieldsOf(catalogue, { sourceName: "erp", object: "anything" })).toBe("unchecked");
  });

  it.each([
    {
      target: { sourceName: "web", object: "orders" },
      code: "ERR_UNKNOWN_SOURCE_NAME",
      names: "crm, erp",
    },
    { target: { sourceName: "crm", object: "order" }, code: "ERR_UNKNOWN_OBJECT", names: "orders" },
  ])("names what there is: $code", ({ target, code, names }) => {
    expect(() => fieldsOf(catalogue, target)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(names) }),
    );
  });

  it("says none where nothing is configured", () => {
    const empty: ConnectorCatalogue = new Map();
    expect(() => fieldsOf(empty, { sourceName: "crm", object: "orders" })).toThrow("none");
  });
});
