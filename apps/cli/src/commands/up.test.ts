import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { run } from "../run-program.test-support.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headgate-up-"));
  vi.stubEnv("HEADGATE_DATA", join(folder, "data"));
  return () => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  };
});

test.each([
  ["no configuration at all", [], "connections"],
  ["a schema without the emulator", ["--schema", "crm=crm.yaml"], "--emulator"],
  ["a schema that is not there", ["--emulator", "--schema", "crm=no.yaml"], "no.yaml"],
  ["a schema without a name", ["--emulator", "--schema", "crm.yaml"], "--schema"],
  ["a schema without a file", ["--emulator", "--schema", "crm="], "--schema"],
  ["a port that is none", ["--port", "65536"], "--port"],
  ["a configuration that is not there", ["--config", "no.yaml"], "no.yaml"],
])("ends with 2 for %s", async (_what, args, named) => {
  const { code, answers, notes } = await run(["up", ...args]);
  expect({ code, answers }).toEqual({ code: 2, answers: "" });
  expect(notes).toContain(named);
});

test("ends with 2 for a data folder with other things, which stays as it is", async () => {
  writeFileSync(join(folder, "thesis.txt"), "…");
  const { code, notes } = await run(["up", "--data", folder]);
  expect(code).toBe(2);
  expect(notes).toContain("holds other things");
  expect(readdirSync(folder)).toEqual(["thesis.txt"]);
});
