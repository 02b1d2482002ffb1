import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { installRedis } from "./install-redis.ts";

let folder: string;

/** Puts only stand-ins for package managers, and what they need themselves, on PATH. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "headgate-install-"));
  vi.stubEnv("PATH", folder);
  await standIn("env", 'exec /usr/bin/env "$@"');
  await standIn("sh", 'exec /bin/sh "$@"');
  return async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  };
});

async function standIn(program: string, script: string): Promise<void> {
  await writeFile(join(folder, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** A package manager that writes down its calls and then does what `script` says. */
async function packageManager(program: string, script: string): Promise<() => Promise<string[]>> {
  const calls = join(folder, "calls");
  const note = `echo "$RUNLEVEL $SYSTEMD_OFFLINE $*" >> '${calls}'`;
  await standIn(program, `[ "$1" = --version ] && exit 0\n${note}\n${script}`);
  return async () => (await readFile(calls, "utf8")).trimEnd().split("\n");
}

function asUser(id: number): void {
  const spy = vi.spyOn(process, "getuid").mockReturnValue(id);
  onTestFinished(() => spy.mockRestore());
}

const install = "-q -o DPkg::Lock::Timeout=600 install -y --no-install-recommends redis-server";

test("root on Debian installs the package without starting its service", async () => {
  asUser(0);
  const calls = await packageManager("apt-get", "exit 0");
  const lines: string[] = [];
  expect(await installRedis((line) => lines.push(line))).toBe(true);
  expect(await calls()).toEqual([`1 1 ${install}`]);
  expect(lines).toEqual([expect.stringMatching(/installing one: .*apt-get .*redis-server$/)]);
});

test("a first failure is answered by fetching the package lists and trying again", async () => {
  asUser(0);
  const once = join(folder, "updated");
  const calls = await packageManager(
    "apt-get",
    `case "$*" in *update) : > '${once}';; *) [ -e '${once}' ];; esac`,
  );
  expect(await installRedis(() => {})).toBe(true);
  expect(await calls()).toEqual([`1 1 ${install}`, "  -q update", `1 1 ${install}`]);
});

test("a package manager that cannot install is reported as false", async () => {
  asUser(0);
  await packageManager("dnf", "exit 1");
  expect(await installRedis(() => {})).toBe(false);
});

test("a user who is not root gets nothing installed by the system's package manager", async () => {
  asUser(1000);
  const lines: string[] = [];
  await packageManager("apt-get", "exit 0");
  expect(await installRedis((line) => lines.push(line))).toBe(false);
  expect(lines).toEqual([]);
});

test("a user with Homebrew installs from there", async () => {
  asUser(1000);
  const calls = await packageManager("brew", "exit 0");
  expect(await installRedis(() => {})).toBe(true);
  expect(await calls()).toEqual(["  install redis"]);
});
