import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { run } from "../run-program.test-support.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headgate-config-"));
  return () => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  };
});

function configFile(text: string): string {
  const path = join(folder, "headgate.yaml");
  writeFileSync(path, text);
  return path;
}

const right = `redis: { url: "redis://:hidden-password@127.0.0.1:1" }
connections:
  default:
    consumerKey: hidden-consumer-key
    user: a@example.com
    keyFile: key.pem
    connectors: { web: { schema: none } }
clients:
  airflow: {}
`;

test("a right file is said to be right, with what is in it", async () => {
  const path = configFile(right);
  const { code, answers } = await run(["config", "check", "--config", path, "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(answers)).toEqual({
    ok: true,
    file: path,
    connections: ["default"],
    schedules: [],
    clients: ["airflow"],
  });
});

test("every fault of a wrong file is told with its line, and the exit code is 2", async () => {
  const path = configFile(`${right}retention: { days: 0 }\ncolour: red\n`);
  const { code, answers, notes } = await run(["config", "check", "--config", path]);
  expect({ code, answers }).toEqual({ code: 2, answers: "" });
  expect(notes).toContain(`${path}:10:`);
  expect(notes).toContain(`${path}:11:`);
});

test("every fault is had as JSON too", async () => {
  const path = configFile(`${right}retention: { days: 0 }\n`);
  vi.stubEnv("HEADGATE__API__PORT", "99999");
  const { code, answers } = await run(["config", "check", "--config", path, "--json"]);
  expect(code).toBe(2);
  expect(JSON.parse(answers)).toEqual({
    ok: false,
    file: path,
    faults: [
      {
        at: "HEADGATE__API__PORT",
        setting: "api.port",
        message: "must be at most 65535 (seen: 99999)",
      },
      { at: `${path}:10:14`, setting: "retention.days", message: "must be at least 1 (seen: 0)" },
    ],
  });
});

test("HEADGATE_CONFIG says which file, and a missing one is named", async () => {
  vi.stubEnv("HEADGATE_CONFIG", join(folder, "missing.yaml"));
  const { code, notes } = await run(["config", "check"]);
  expect(code).toBe(2);
  expect(notes).toContain("missing.yaml");
});

test.each([[["--json"]], [[]]])("what is in effect is shown without secrets %j", async (flags) => {
  vi.stubEnv("HEADGATE__RETENTION__DAYS", "12");
  const { code, answers } = await run(["config", "show", "--config", configFile(right), ...flags]);
  expect(code).toBe(0);
  expect(answers).toMatch(/"?days"?: ?12/);
  expect(answers).toContain("***");
  expect(answers).not.toContain("hidden");
});

test("the schema for editors is printed", async () => {
  const { code, answers } = await run(["config", "schema"]);
  expect(code).toBe(0);
  expect(JSON.parse(answers)).toMatchObject({ title: "headgate.yaml", type: "object" });
});
