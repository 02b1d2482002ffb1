import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { run } from "../run-program.test-support.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headgate-doctor-"));
  return () => rmSync(folder, { recursive: true });
});

/** A configuration in which nothing is there. */
function sickConfig(): string {
  const path = join(folder, "headgate.yaml");
  writeFileSync(
    path,
    `redis: { url: "redis://127.0.0.1:1" }
sources: { filesRoot: ./nowhere, s3: { endpoint: "http://127.0.0.1:1", region: x, buckets: [] } }
connections:
  default:
    loginUrl: http://127.0.0.1:1
    allowLoopback: true
    consumerKey: hidden
    user: a@example.com
    keyFile: missing.pem
    connectors: { web: { schema: none } }
`,
  );
  return path;
}

test("what is wrong is told with what to do, and the exit code is 1", async () => {
  const { code, answers, notes } = await run(["doctor", "--config", sickConfig()]);
  expect(code).toBe(1);
  expect(answers).toMatch(/^FAIL {2}.*Redis.*\n {6}\S/m);
  expect(answers).toContain("missing.pem");
  expect(answers).not.toContain("hidden");
  expect(notes).toMatch(/\d+ checks failed/);
});

test("the same is had as JSON", async () => {
  const { code, answers } = await run(["doctor", "--config", sickConfig(), "--json"]);
  expect(code).toBe(1);
  const report = JSON.parse(answers);
  expect(report.ok).toBe(false);
  expect(report.checks.find(({ id }: { id: string }) => id.startsWith("redis"))).toMatchObject({
    status: "fail",
    advice: expect.any(String),
  });
});

test("a configuration that cannot be read ends with 2", async () => {
  expect(await run(["doctor", "--config", join(folder, "none.yaml")])).toMatchObject({ code: 2 });
});
