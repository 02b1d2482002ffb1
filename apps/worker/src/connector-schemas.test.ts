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

it("gives the fields of each object, in the schema's order", () => {
  expect(connectorSchemas(schemas).get("crm")).toEqual(new Map([["orders", ["id", "note"]]]));
});

it("leaves a connector without a schema unchecked", () => {
  expect(connectorSchemas(schemas).get("web")).toBe("unchecked");
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
