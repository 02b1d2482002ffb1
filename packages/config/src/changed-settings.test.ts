import { expect, it } from "vitest";
import { changesBetween } from "./changed-settings.ts";
import { configFolder, minimal } from "./config-folder.test-support.ts";
import { loadConfig } from "./load-config.ts";

it("sees that a key in a list was replaced, though it prints as ***", () => {
  const folder = configFolder();
  const read = (accepted: string) => {
    const keys = `redis: { signingKey: ${"k".repeat(32)}, acceptedKeys: [${accepted.repeat(32)}] }`;
    return loadConfig({ path: folder.write("headgate.yaml", `${minimal}${keys}\n`) }).config;
  };
  expect(changesBetween(read("a"), read("a"))).toEqual({ applied: [], needRestart: [] });
  expect(changesBetween(read("a"), read("b")).needRestart).toEqual(["redis.acceptedKeys"]);
});
