/** The routes of the HTTP API, off its own OpenAPI document. */
import { createTestApi } from "../../apps/api/src/api.test-support.ts";
import { code, table } from "./markdown.ts";

const methods = ["get", "post", "put", "delete"] as const;

/** As much of OpenAPI as is shown. */
interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Partial<
        Record<
          (typeof methods)[number],
          {
            readonly summary: string;
            readonly description?: string;
            readonly parameters?: readonly { readonly in: string; readonly name: string }[];
            readonly responses: Readonly<Record<string, unknown>>;
          }
        >
      >
    >
  >;
}

/** One row for each route: what it does, its query, the statuses of success. */
export async function routes(): Promise<string> {
  const { app } = createTestApi();
  try {
    const answer = await app.inject("/openapi.json");
    const { paths }: Document = answer.json();
    const rows = Object.entries(paths).flatMap(([path, operations]) =>
      methods.flatMap((method) => {
        const operation = operations[method];
        if (operation === undefined) return [];
        const { summary, description = "", parameters = [], responses } = operation;
        const query = parameters
          .filter((each) => each.in === "query")
          .map(({ name }) => code(name));
        const success = Object.keys(responses).filter((status) => status.startsWith("2"));
        return [
          [
            code(`${method.toUpperCase()} ${path}`),
            `${summary}. ${description}`.trim(),
            query.join(", "),
            success.join(", "),
          ],
        ];
      }),
    );
    return table(["route", "does", "query", "answers"], rows);
  } finally {
    await app.close();
  }
}
