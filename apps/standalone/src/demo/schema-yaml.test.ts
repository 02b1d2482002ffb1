import { startEmulator } from "@headgate/emulator";
import { expect, test } from "vitest";
import { schemaYaml } from "./schema-yaml.ts";

test("the emulator reads the objects, columns and keys that were written", async () => {
  const yaml = schemaYaml("web", [
    { object: "orders", columns: ["no", "123", "null", "date"], key: "123" },
    { object: "people", columns: ["name"], key: "name" },
  ]);
  const emulator = await startEmulator({ schemas: { web: yaml } });
  const { connectors } = await emulator.control.state();
  await emulator.close();
  expect(connectors).toMatchObject([{ sourceName: "web" }]);
  expect(JSON.stringify(connectors)).toMatch(/orders.*people/);
});
