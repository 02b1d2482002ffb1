/** The JSON Schema of headgate.yaml, for editors. */
import { z } from "zod";
import { configSchema } from "./schema.ts";

/** Draft 7, which every editor's YAML support knows; of what is written, defaults absent. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(configSchema, { io: "input", target: "draft-07" });
  return {
    $schema: schema.$schema,
    title: "headgate.yaml",
    description: "Configuration of headgate: API, workers and CLI",
    ...schema,
  };
}
