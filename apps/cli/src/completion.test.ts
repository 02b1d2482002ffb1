import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { run } from "./run-program.test-support.ts";

async function script(shell: string): Promise<string> {
  const { code, answers } = await run(["completion", shell]);
  expect(code).toBe(0);
  return answers;
}

let bash: string;
beforeAll(async () => {
  bash = await script("bash");
});

/** What bash offers after these words, the last of which is being typed. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const ask = `${bash}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _headgate; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)("bash", ["-c", ask, "bash", "headgate", ...words]);
  return stdout.split("\n").filter(Boolean);
}

test("commands are completed, and commands of commands", async () => {
  expect(await offered("st")).toEqual(["status"]);
  expect(await offered("schedule", "re")).toEqual(["resume"]);
  expect(await offered("bulk-jobs", "")).toContain("abort");
});

test("flags are completed after arguments, too", async () => {
  expect(await offered("load", "s3://b/a.csv", "--preF")).toEqual([]);
  expect(await offered("load", "s3://b/a.csv", "--pre")).toEqual(["--preflight"]);
  expect(await offered("schedule", "run", "nightly", "--fr")).toEqual(["--from"]);
});

test("values are completed where there are only some", async () => {
  expect(await offered("load", "--operation", "")).toEqual(["upsert", "delete"]);
  expect(await offered("completion", "f")).toEqual(["fish"]);
});

test("a file's name is left to the shell", async () => {
  expect(await offered("load", "orders.c")).toEqual([]);
});

test.each(["zsh", "fish"])("%s gets every command and flag", async (shell) => {
  const text = await script(shell);
  for (const word of ["load", "schedule", "abort", "full-scan", "upsert"])
    expect(text).toContain(word);
  expect(text).not.toContain("undefined");
});

function has(shell: string): boolean {
  return spawnSync(shell, ["--version"]).status === 0;
}

test.skipIf(!has("zsh"))("zsh offers commands, flags, values and files", async () => {
  const probe = `compdef() { : }; compadd() { print -r -- "$@" }; _files() { print files }
_describe() { print -r -- "\${(P)2[*]}" }
${await script("zsh")}
offer() { words=("$@"); CURRENT=$#words; PREFIX=$words[-1]; _headgate }
offer headgate schedule ''; offer headgate schedule run --f
offer headgate load --operation ''; offer headgate load ''`;
  const { stdout } = await promisify(execFile)("zsh", ["-f", "-c", probe]);
  const [commands, flags, values, files] = stdout.split("\n");
  expect(commands).toContain("resume:resume a schedule");
  expect(flags).toContain("--from");
  expect(values).toBe("-- upsert delete");
  expect(files).toBe("files");
});

test.skipIf(!has("fish"))("fish offers commands, flags and values", async () => {
  const ask = ["headgate schedule re", "headgate schedule run --fr", "headgate load --operation u"]
    .map((line) => `complete -C '${line}'`)
    .join("\n");
  const args = ["--no-config", "-c", `${await script("fish")}\n${ask}`];
  const { stdout } = await promisify(execFile)("fish", args);
  expect(stdout.split("\n").map((line) => line.split("\t")[0])).toEqual([
    ...["resume", "--from", "upsert", ""],
  ]);
});
