import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "@headgate/config";
import { DCLinter } from "dclint";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { schema } from "./flow/csv.ts";

const root = join(import.meta.dirname, "..");

/** What this test reads of a result; dclint's own declarations do not resolve under nodenext. */
interface LintResult {
  readonly messages: readonly { readonly rule: string }[];
}

let compose: string;
let rules: Record<string, 0 | 1 | 2>;

beforeAll(async () => {
  compose = await readFile(join(root, "docker-compose.yml"), "utf8");
  rules = JSON.parse(await readFile(join(root, ".dclintrc.json"), "utf8")).rules;
});

async function brokenRules(text: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-compose-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "docker-compose.yml");
  await writeFile(path, text);
  const linter = new DCLinter({ rules, quiet: false, debug: false, exclude: [] });
  const results: readonly LintResult[] = linter.lintFiles([path], false);
  return results.flatMap(({ messages }) => messages.map(({ rule }) => rule));
}

test("docker/headgate.yaml is a configuration, once its connector's schema lies beside it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "headgate-compose-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await copyFile(join(root, "docker/headgate.yaml"), join(folder, "headgate.yaml"));
  await writeFile(join(folder, "crm.yaml"), schema);
  const { config, catalogues } = loadConfig({ path: join(folder, "headgate.yaml") });
  expect([...(catalogues.get("default")?.keys() ?? [])]).toEqual(["crm"]);
  expect(config.connections.default?.keyFile).toBe(join(folder, "tenant.key"));
  expect(config.api.host).toBe("0.0.0.0");
  for (const service of ["api", "worker"])
    expect(compose).toMatch(
      new RegExp(
        `^  ${service}:\\n(    .*\\n)*      HEADGATE_CONFIG: /secrets/headgate.yaml$`,
        "m",
      ),
    );
});

test("docker-compose.yml breaks no rule", async () => {
  expect(await brokenRules(compose)).toEqual([]);
});

test.each([
  ["a key that compose does not know", "restart:", "restrt:", "invalid-schema"],
  ["a port open to the network", '"127.0.0.1:8080:', '"8080:', "no-unbound-port-interfaces"],
  ["an image without a version", "redis:7.4-alpine", "redis", "service-image-require-explicit-tag"],
])("the check refuses %s", async (_, good, bad, rule) => {
  expect(compose).toContain(good);
  expect(await brokenRules(compose.replace(good, bad))).toEqual([rule]);
});
