import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkLayers } from "../scripts/layers.ts";

const root = join(import.meta.dirname, "..");
const workspaces = [
  ...["packages/core", "packages/ingestion-api", "packages/part-source", "packages/orchestrator"],
  ...["apps/api", "apps/cli", "apps/emulator", "apps/worker"],
];

/** A small checkout: our package.json files, installed as links, and only the sources given. */
async function checkout(sources: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-layers-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp(join(root, "package.json"), join(folder, "package.json"));
  await mkdir(join(folder, "node_modules/@headgate"), { recursive: true });
  for (const workspace of workspaces) {
    await mkdir(join(folder, workspace, "src"), { recursive: true });
    await cp(join(root, workspace, "package.json"), join(folder, workspace, "package.json"));
    await writeFile(join(folder, workspace, "src/index.ts"), "export {};\n");
    const name = workspace.slice(workspace.indexOf("/") + 1);
    await symlink(join("../..", workspace), join(folder, "node_modules/@headgate", name));
  }
  for (const name of ["@bull-board/api", "bullmq", "pino", "vitest"]) {
    const installed = join(folder, "node_modules", name);
    await mkdir(join(installed, "dist"), { recursive: true });
    await writeFile(join(installed, "dist/index.js"), "");
    await writeFile(join(installed, "package.json"), '{ "main": "dist/index.js" }');
  }
  for (const [path, source] of Object.entries(sources)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), source);
  }
  return folder;
}

async function brokenRules(sources: Readonly<Record<string, string>>): Promise<string[]> {
  const { violations } = await checkLayers(await checkout(sources), ["packages", "apps"]);
  return violations.map((violation) => violation.slice(0, violation.indexOf(":"))).sort();
}

const file = "export const value = 1;\n";

test.each([
  {
    rule: "core-imports-nothing",
    what: "core reads the clock of the machine",
    sources: { "packages/core/src/wait.ts": 'import "node:timers";\n' },
  },
  {
    rule: "core-imports-nothing",
    what: "core takes a mere type from node",
    sources: { "packages/core/src/hash.ts": 'import type { Hash } from "node:crypto";\n' },
  },
  {
    rule: "core-is-the-bottom",
    what: "a test of core uses a package above it",
    sources: {
      "packages/core/src/plan.test.ts": 'import "../../orchestrator/src/steps.ts";\n',
      "packages/orchestrator/src/steps.ts": file,
    },
  },
  {
    rule: "ingestion-api-knows-core-only",
    what: "the client knows of queues",
    sources: {
      "packages/ingestion-api/src/client.ts": 'import "../../orchestrator/src/steps.ts";\n',
      "packages/orchestrator/src/steps.ts": file,
    },
  },
  {
    rule: "part-source-knows-core-only",
    what: "the source adapter borrows from the client",
    sources: {
      "packages/part-source/src/store.ts": 'import "../../ingestion-api/src/retry.ts";\n',
      "packages/ingestion-api/src/retry.ts": file,
    },
  },
  {
    rule: "orchestrator-takes-adapters-as-arguments",
    what: "a step makes its own client",
    sources: {
      "packages/orchestrator/src/steps/open.ts": 'import "../../../ingestion-api/src/client.ts";\n',
      "packages/ingestion-api/src/client.ts": file,
    },
  },
  {
    rule: "worker-joins-packages",
    what: "the worker reaches into another app",
    sources: {
      "apps/worker/src/main.ts": 'import "../../api/src/server.ts";\n',
      "apps/api/src/server.ts": file,
    },
  },
  {
    rule: "api-reads-and-enqueues",
    what: "the API talks to Salesforce",
    sources: {
      "apps/api/src/server.ts": 'import "../../../packages/ingestion-api/src/client.ts";\n',
      "packages/ingestion-api/src/client.ts": file,
    },
  },
  {
    rule: "emulator-judges-independently",
    what: "the emulator uses the client it judges",
    sources: { "apps/emulator/src/judge.ts": 'import "@headgate/ingestion-api";\n' },
  },
  {
    rule: "cli-speaks-http",
    what: "the CLI reaches into the API",
    sources: {
      "apps/cli/src/show.ts": 'import "../../api/src/server.ts";\n',
      "apps/api/src/server.ts": file,
    },
  },
  {
    rule: "bullmq-in-one-folder",
    what: "a step talks to the queue library",
    sources: { "packages/orchestrator/src/steps/open.ts": 'import "bullmq";\n' },
  },
  {
    rule: "bull-board-in-api",
    what: "a queue brings its own board",
    sources: {
      "packages/orchestrator/src/queue/board.ts":
        'import "../../../../node_modules/@bull-board/api/dist/index.js";\n',
    },
  },
  {
    rule: "nothing-imports-tests",
    what: "an app needs the tests",
    sources: {
      "apps/api/src/server.ts": 'import "../../../test/tool.ts";\n',
      "test/tool.ts": file,
    },
  },
  {
    rule: "no-test-code-in-production",
    what: "production code uses test support",
    sources: {
      "apps/api/src/server.ts": 'import "./server.test-support.ts";\n',
      "apps/api/src/server.test-support.ts": file,
    },
  },
  {
    rule: "no-own-index",
    what: "a package imports its own index",
    sources: { "apps/api/src/server.ts": 'import "./index.ts";\n' },
  },
  {
    rule: "no-dev-dependencies-in-production",
    what: "production code uses the test runner",
    sources: { "apps/api/src/server.ts": 'import "vitest";\n' },
  },
  {
    rule: "no-unresolvable",
    what: "an import leads nowhere",
    sources: { "apps/api/src/server.ts": 'import "./gone.ts";\n' },
  },
  {
    rule: "no-cycles",
    what: "two files need each other",
    sources: {
      "apps/api/src/a.ts": 'import "./b.ts";\n',
      "apps/api/src/b.ts": 'import "./a.ts";\n',
    },
  },
  {
    rule: "no-undeclared-dependencies",
    what: "an app uses a package that only others declare",
    sources: { "apps/cli/src/log.ts": 'import "pino";\n' },
  },
])("$rule fires where $what", async ({ rule, sources }) => {
  expect(await brokenRules(sources)).toEqual([rule]);
});

test("imports that follow the layers break no rule", async () => {
  const sources = {
    "packages/core/src/units.ts": file,
    "packages/core/src/plan.ts": 'import "./units.ts";\n',
    "packages/core/src/plan.test.ts": 'import "vitest";\nimport "./plan.ts";\n',
    "packages/ingestion-api/src/contract/index.ts": file,
    "packages/orchestrator/src/queue/worker.ts": 'import "bullmq";\nimport "@headgate/core";\n',
    "apps/emulator/src/judge.ts": 'import "@headgate/ingestion-api/contract";\n',
    "apps/cli/src/emulator.ts": 'import "@headgate/emulator";\n',
  };
  expect(await brokenRules(sources)).toEqual([]);
});

test("a violation names both files and says why", async () => {
  const folder = await checkout({ "packages/core/src/wait.ts": 'import "node:timers";\n' });
  const { violations } = await checkLayers(folder, ["packages"]);
  expect(violations).toEqual([
    expect.stringMatching(
      /^core-imports-nothing: packages\/core\/src\/wait.ts -> .*timers\n.*pure/,
    ),
  ]);
});
