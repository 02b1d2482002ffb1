import { expect, it } from "vitest";
import { connectorSchemas } from "./connector-schemas.ts";

const yaml = `
openapi: 3.0.3
components:
  schemas:
    orders:
      type: object
      properties:
        id: { type: string }
        note: { type: string }
`;

const schemas = new Map([
  ["crm", yaml],
  ["web", "none"],
]);

function lookUp(sourceName: string, object: string) {
  return connectorSchemas(schemas)({ connection: "default", sourceName, object });
}

it("gives the fields of an object, in the schema's order", () => {
  expect(lookUp("crm", "orders")).toEqual(["id", "note"]);
});

it("leaves every object of a connector without a schema unchecked", () => {
  expect(lookUp("web", "anything")).toBe("unchecked");
});

it.each([
  ["erp", "orders", "ERR_UNKNOWN_SOURCE_NAME", { sourceName: "erp" }, ["erp", "crm, web"]],
  [
    "crm",
    "visits",
    "ERR_UNKNOWN_OBJECT",
    { sourceName: "crm", object: "visits" },
    ["visits", "orders"],
  ],
] as const)("refuses %s/%s and names what there is", (sourceName, object, code, fields, words) => {
  expect(() => lookUp(sourceName, object)).toThrow(expect.objectContaining({ code, fields }));
  for (const word of words) expect(() => lookUp(sourceName, object)).toThrow(word);
});

it("refuses a schema that breaks a rule, at once, and names the connector", () => {
  const broken = new Map([["crm", "openapi: 3.0.3\ncomponents: { schemas: { orders: {} } }"]]);
  expect(() => connectorSchemas(broken)).toThrow(
    expect.objectContaining({
      code: "ERR_SCHEMA_INVALID",
      message: expect.stringMatching(/connector "crm".*orders/s),
    }),
  );
});
