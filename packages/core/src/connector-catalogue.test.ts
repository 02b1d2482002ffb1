import { describe, expect, it } from "vitest";
import {
  type ConnectorCatalogue,
  checkTarget,
  type ObjectSchema,
  schemaOf,
} from "./connector-catalogue.ts";

const orders: ObjectSchema = {
  name: "orders",
  fields: [{ name: "id", type: "text" }],
  primaryKey: "id",
};
const catalogue: ConnectorCatalogue = new Map<string, Map<string, ObjectSchema> | "unchecked">([
  ["crm", new Map([["orders", orders]])],
  ["erp", "unchecked"],
]);

describe("schemaOf", () => {
  it("gives the schema of an object", () => {
    expect(schemaOf(catalogue, { sourceName: "crm", object: "orders" })).toBe(orders);
  });

  it("checks nothing of a connector without a schema", () => {
    expect(schemaOf(catalogue, { sourceName: "erp", object: "anything" })).toBe("unchecked");
  });

  it.each([
    {
      target: { sourceName: "web", object: "orders" },
      code: "ERR_UNKNOWN_SOURCE_NAME",
      names: "crm, erp",
      fields: { sourceName: "web" },
    },
    {
      target: { sourceName: "crm", object: "order" },
      code: "ERR_UNKNOWN_OBJECT",
      names: "orders",
      fields: { sourceName: "crm", object: "order" },
    },
  ])("names what there is: $code", ({ target, code, names, fields }) => {
    expect(() => schemaOf(catalogue, target)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(names), fields }),
    );
  });

  it("says none where nothing is configured", () => {
    const empty: ConnectorCatalogue = new Map();
    expect(() => schemaOf(empty, { sourceName: "crm", object: "orders" })).toThrow("none");
  });
});

describe("checkTarget", () => {
  const names = new Map<string, Set<string> | "unchecked">([
    ["crm", new Set(["orders"])],
    ["erp", "unchecked"],
  ]);

  it("passes what there is, and everything of a connector without a schema", () => {
    expect(() => checkTarget(names, { sourceName: "crm", object: "orders" })).not.toThrow();
    expect(() => checkTarget(names, { sourceName: "erp", object: "any" })).not.toThrow();
  });

  it("names what there is where a name is unknown", () => {
    expect(() => checkTarget(names, { sourceName: "crm", object: "order" })).toThrow(
      expect.objectContaining({
        code: "ERR_UNKNOWN_OBJECT",
        message: expect.stringContaining("orders"),
      }),
    );
  });
});
