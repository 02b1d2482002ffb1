/** Writes the schema file of a connector from the headers of its CSV files. */

export interface ObjectColumns {
  readonly object: string;
  /** In file order, all read as text. */
  readonly columns: readonly string[];
  readonly key: string;
}

/** An OpenAPI 3.0 document with one schema an object. Every name is quoted, so none needs escaping. */
export function schemaYaml(sourceName: string, objects: readonly ObjectColumns[]): string {
  const lines = [
    "openapi: 3.0.3",
    `info: { title: ${quote(sourceName)}, version: "1.0.0" }`,
    "paths: {}",
    "components:",
    "  schemas:",
    ...objects.flatMap(({ object, columns, key }) => [
      `    ${quote(object)}:`,
      "      type: object",
      `      x-primary-key: ${quote(key)}`,
      "      properties:",
      ...columns.map((column) => `        ${quote(column)}: { type: string }`),
    ]),
  ];
  return `${lines.join("\n")}\n`;
}

/** A JSON string is a double-quoted YAML scalar. */
function quote(text: string): string {
  return JSON.stringify(text);
}
