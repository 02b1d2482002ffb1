/** CSV bodies and a connector for flows. */
export const schema = `
openapi: 3.0.3
components:
  schemas:
    orders:
      type: object
      properties:
        id: { type: string }
        note: { type: string }
    customers:
      type: object
      properties:
        id: { type: string }
        name: { type: string }
`;

export const orders = { sourceName: "crm", object: "orders", operation: "upsert" } as const;
export const customers = { sourceName: "crm", object: "customers", operation: "upsert" } as const;

/** Every field quoted, CRLF. */
export function csv(rows: readonly (readonly string[])[]): string {
  return rows
    .map((row) => `${row.map((field) => `"${field.replaceAll('"', '""')}"`).join(",")}\r\n`)
    .join("");
}

/** `count` records with keys from `first` on, each with a line break and quotes in a field. */
export function rowsOf(count: number, first = 0): string[][] {
  return Array.from({ length: count }, (_, i) => [
    `k${first + i}`,
    `line one\nline "${first + i}"`,
  ]);
}

/** An orders file with these records. */
export function ordersCsv(rows: readonly (readonly string[])[]): string {
  return csv([["id", "note"], ...rows]);
}
