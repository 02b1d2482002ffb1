/** Writes docs/headgate.schema.json, which editors complete headgate.yaml by. */
import { writeFileSync } from "node:fs";
import { configJsonSchema } from "@headgate/config";

writeFileSync(
  new URL("../docs/headgate.schema.json", import.meta.url),
  `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
);
