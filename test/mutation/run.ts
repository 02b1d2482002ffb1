/**
 * `npm run mutate`: mutation tests by Stryker. `critical` are the modules in which every mutant must be
 * killed or be listed in equivalents.json with a reason; `core` is all of core and the classifier of
 * answers. Results of what has not changed are taken from the last run; `-- --force` runs all again,
 * `-- --only critical` one of the two. Not part of .ci/run: it takes too long. Exit code 1 where a bar
 * is missed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Equivalent, type FileScore, percentOf, type Report, scoresOf } from "./score.ts";

/** Percent of mutants that must be killed. */
const bars = { critical: 100, core: 85 } as const;
type Name = keyof typeof bars;

const root = join(import.meta.dirname, "../..");
const stryker = join(
  createRequire(import.meta.url).resolve("@stryker-mutator/core/package.json"),
  "../bin/stryker.js",
);

const { values } = parseArgs({
  options: { only: { type: "string" }, force: { type: "boolean", default: false } },
});
const names = (Object.keys(bars) as Name[]).filter((name) => name === (values.only ?? name));
if (names.length === 0) throw new TypeError(`--only is ${values.only}, must be critical or core`);
const equivalents = await readJson<readonly Equivalent[]>(
  join(import.meta.dirname, "equivalents.json"),
);
const scored: FileScore[][] = [];
for (const name of names) scored.push(await mutate(name));
process.exitCode = scored.every((files, at) => percentOf(files) >= bars[names[at] ?? "core"])
  ? 0
  : 1;

async function mutate(name: Name): Promise<FileScore[]> {
  const started = performance.now();
  const args = [stryker, "run", `test/mutation/${name}.json`, ...(values.force ? ["--force"] : [])];
  const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`Stryker ended with code ${code}`);
  const report = await readJson<Report>(join(root, `reports/mutation/${name}.json`));
  const { files, stale } = scoresOf(report, equivalents);
  console.log(`\n${name}, ${Math.round((performance.now() - started) / 1000)} s\n`);
  for (const file of files) tell(file);
  for (const { file, line } of stale) console.log(`equivalent no more: ${file}: ${line}`);
  console.log(`all of ${name}: ${percentOf(files).toFixed(1)} %, wanted ${bars[name]} %\n`);
  return [...files];
}

function tell(file: FileScore): void {
  const { killed, alive, equivalent } = file;
  const counts = `${killed} killed, ${alive.length} alive, ${equivalent} equivalent`;
  console.log(`${percentOf([file]).toFixed(1).padStart(5)} %  ${file.file}: ${counts}`);
  for (const { lineNumber, line, mutator, replacement } of alive)
    console.log(`         ${lineNumber}: ${line}\n           ${mutator}: ${replacement}`);
}

async function readJson<Shape>(path: string): Promise<Shape> {
  return JSON.parse(await readFile(path, "utf8")) as Shape;
}
