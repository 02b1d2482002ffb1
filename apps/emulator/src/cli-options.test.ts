import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { parseArguments } from "./cli-options.ts";

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "headgate-emulator-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "file");
  writeFileSync(path, text);
  return path;
}

it("reads every option", () => {
  const [schema, key, cert] = [fileWith("yaml"), fileWith("key"), fileWith("cert")];
  const argv = `--port 0 --host ::1 --tls-cert ${cert} --tls-key ${key} --schema crm=${schema}
    --schema erp=${schema} --consumer-key app --user a --user b --public-key ${cert}
    --audience https://x --processing-ms 5 --strict --manual-clock --json
    --set slotReading=clock-hour --set maxPartBytes=1500000`;
  expect(parseArguments(argv.split(/\s+/))).toEqual({
    json: true,
    emulator: {
      port: 0,
      host: "::1",
      allowRemote: false,
      clock: "manual",
      schemas: { crm: "yaml", erp: "yaml" },
      connectedApps: [{ consumerKey: "app", publicKey: "cert", users: ["a", "b"] }],
      tls: { cert: "cert", key: "key" },
      settings: {
        strictLogin: true,
        audiences: ["https://x"],
        processingMs: 5,
        slotReading: "clock-hour",
        maxPartBytes: 1_500_000,
      },
    },
  });
});

it("listens on loopback port 8443 by HTTP where nothing is given", () => {
  expect(parseArguments([])).toEqual({
    json: false,
    emulator: {
      port: 8443,
      host: "127.0.0.1",
      allowRemote: false,
      clock: "real",
      schemas: {},
      connectedApps: [],
      settings: {},
    },
  });
});

it.each([
  ["an unknown option", ["--nonsense"], "--nonsense"],
  ["a port that is no number", ["--port", "x"], "whole number"],
  ["a port that there is not", ["--port", "65536"], "0 to 65535"],
  ["a schema without a name", ["--schema", "file.yaml"], "name=value"],
  ["a file that is not there", ["--schema", "crm=/nowhere.yaml"], "/nowhere.yaml"],
  ["half a TLS pair", ["--tls-cert", "x"], "--tls-key"],
  ["half a connected app", ["--consumer-key", "x"], "--public-key"],
])("refuses %s", (_what, argv, said) => {
  expect(() => parseArguments(argv)).toThrow(
    expect.objectContaining({ code: "ERR_CONFIG", message: expect.stringContaining(said) }),
  );
});
