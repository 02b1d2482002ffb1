import { BulkError } from "@headgate/core";
import { describe, expect, it } from "vitest";
import {
  describeSchemaFault,
  parseConnectorSchema,
  readConnectorSchema,
} from "./connector-schema.ts";

const orders = `
openapi: 3.0.3
info: { title: shop, version: "1" }
components:
  schemas:
    order:
      type: object
      x-primary-key: id
      properties:
        placed: { type: string, format: date-time }
        id: { type: string }
        total: { type: number }
        lines: { type: integer }
        paid: { type: boolean }
        due: { type: string, format: date }
        mail: { type: string, format: email }
    customer-2:
      properties:
        key: { type: string }
`;

function schemaOf(body: string, openapi = "3.0.1"): string {
  return `openapi: ${openapi}\ncomponents:\n  schemas:\n${body}`;
}

function refusal(yamlText: string): BulkError {
  try {
    parseConnectorSchema(yamlText);
  } catch (error) {
    if (error instanceof BulkError) return error;
    throw error;
  }
  throw new Error("the schema was accepted");
}

describe("parseConnectorSchema", () => {
  it("reads objects, fields in their order, types and the named primary key", () => {
    const order = parseConnectorSchema(orders).objects.get("order");
    expect(order).toEqual({
      name: "order",
      primaryKey: "id",
      fields: [
        { name: "placed", type: "date-time" },
        { name: "id", type: "text" },
        { name: "total", type: "number" },
        { name: "lines", type: "number" },
        { name: "paid", type: "boolean" },
        { name: "due", type: "date" },
        { name: "mail", type: "text" },
      ],
    });
  });

  it("takes the first field as primary key where none is named", () => {
    expect(parseConnectorSchema(orders).objects.get("customer-2")?.primaryKey).toBe("key");
  });

  it("keeps names as written, even those that YAML would read as numbers or booleans", () => {
    const text = schemaOf(`    "010":
      properties:
        b: { type: string }
        2: { type: string }
        no: { type: string }
        010: { type: string }
`);
    const object = parseConnectorSchema(text).objects.get("010");
    expect(object?.fields.map((field) => field.name)).toEqual(["b", "2", "no", "010"]);
    expect(object?.primaryKey).toBe("b");
  });

  it.each([
    ["not YAML at all", "a: [", "not YAML"],
    ["a doubled key", "openapi: 3.0.0\nopenapi: 3.0.1\n", "not YAML: DUPLICATE_KEY in line 2"],
    ["an alias without an anchor", "a: *b", "not YAML"],
    ["no object", "openapi: 3.0.0", "components.schemas must hold an object"],
    [
      "another OpenAPI version",
      schemaOf("    a: { properties: { k: { type: string } } }", "3.1.0"),
      "3.1.0",
    ],
  ])("refuses a file that is %s", (_, text, rule) => {
    const error = refusal(text);
    expect(error.code).toBe("ERR_SCHEMA_INVALID");
    expect(error.fields.rule).toContain(rule);
    expect(error.message).toContain(rule);
  });

  it.each([
    ["a name with a space", "a b: { type: string }", "a b", "field name must be 1 to 80"],
    ["a name of 81 characters", `${"x".repeat(81)}: { type: string }`, "x".repeat(81), "1 to 80"],
    ["a double underscore", "a__c: { type: string }", "a__c", '"__"'],
    ["a reserved name", "row_count: { type: number }", "row_count", "reserved"],
    ["a nested object", "a: { type: object }", "a", "nested"],
    ["a list", "a: { type: array }", "a", "nested"],
    ["a reference", 'a: { $ref: "#/components/schemas/b" }', "a", "$ref"],
    ["an unknown type", "a: { type: blob }", "a", '"blob"'],
    ["no type", "a: {}", "a", "type must be"],
  ])("refuses a field with %s", (_, property, field, rule) => {
    const error = refusal(schemaOf(`    order:\n      properties:\n        ${property}\n`));
    expect(error.code).toBe("ERR_SCHEMA_INVALID");
    expect(error.fields).toMatchObject({ object: "order", field, faults: 1 });
    expect(error.fields.rule).toContain(rule);
  });

  it.each([
    ["without fields", "    order: { properties: {} }", "1 to 1000 fields, not 0"],
    ["without properties", "    order: { type: object }", "1 to 1000 fields, not 0"],
    [
      "with a name over 80 characters",
      `    ${"o".repeat(81)}: { properties: { k: { type: string } } }`,
      "object name",
    ],
    [
      "with a primary key that is no field",
      "    order: { x-primary-key: z, properties: { k: { type: string } } }",
      "x-primary-key",
    ],
  ])("refuses an object %s", (_, body, rule) => {
    const error = refusal(schemaOf(body));
    expect(error.code).toBe("ERR_SCHEMA_INVALID");
    expect(error.fields.rule).toContain(rule);
  });

  it("allows 1000 fields and refuses 1001", () => {
    const fields = (count: number) =>
      Array.from({ length: count }, (_, i) => `        f${i}: { type: string }`).join("\n");
    const object = (count: number) => schemaOf(`    order:\n      properties:\n${fields(count)}\n`);
    expect(parseConnectorSchema(object(1000)).objects.get("order")?.fields).toHaveLength(1000);
    expect(refusal(object(1001)).fields.rule).toContain("not 1001");
  });

  it("reports all faults at once, each with object, field and rule", () => {
    const error = refusal(
      schemaOf(
        `    first: { properties: { version: { type: string }, a__b: { type: object } } }
    second: { properties: {} }
`,
        "2.0",
      ),
    );
    expect(error.fields.faults).toBe(5);
    for (const text of [
      'not "2.0"',
      'object "first", field "version": field name is reserved',
      'object "first", field "a__b": field name must not contain "__"',
      'object "first", field "a__b": fields must not be nested',
      'object "second": an object must have 1 to 1000 fields',
    ]) {
      expect(error.message).toContain(text);
    }
  });
});

describe("readConnectorSchema", () => {
  it("finds every fault with its line", () => {
    const { faults } = readConnectorSchema(`openapi: 3.1.0
components:
  schemas:
    order:
      x-primary-key: nothing
      properties:
        id: { type: string }
        lines:
          type: array
    empty: {}
`);
    expect(faults.map((fault) => `${fault.line} ${describeSchemaFault(fault)}`)).toEqual([
      '1 openapi must be 3.0.x, not "3.1.0"',
      '8 object "order", field "lines": fields must not be nested, type is array',
      '6 object "order", field "nothing": x-primary-key must name a field',
      '10 object "empty": an object must have 1 to 1000 fields, not 0',
    ]);
  });

  it("names the line where YAML ends", () => {
    expect(readConnectorSchema("a: 1\nb: [").faults).toEqual([
      { line: 2, rule: expect.stringContaining("not YAML") },
    ]);
  });
});
