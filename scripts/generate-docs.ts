/**
 * Writes the parts of docs/ that are generated from the code, each between two marks:
 *
 *   <!-- generated: settings -->
 *   <!-- /generated -->
 *
 * A test says whether they are current.
 */
import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { commands } from "./docs/commands.ts";
import { errors, problems } from "./docs/errors.ts";
import { preflight } from "./docs/preflight.ts";
import { routes } from "./docs/routes.ts";
import { settings } from "./docs/settings.ts";

const generators: ReadonlyMap<string, () => string | Promise<string>> = new Map<
  string,
  () => string | Promise<string>
>([
  ["commands", commands],
  ["errors", errors],
  ["preflight", preflight],
  ["problems", problems],
  ["routes", routes],
  ["settings", settings],
]);

const docs = join(import.meta.dirname, "../docs");
const part = /(<!-- generated: ([a-z-]+) -->\n)[\s\S]*?(<!-- \/generated -->)/g;

/** Every page of docs/ as it should be, by file name. Throws for a mark that names no generator. */
export async function currentPages(): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(docs)).filter((name) => name.endsWith(".md")).toSorted();
  return new Map(
    await Promise.all(
      names.map(async (name): Promise<[string, string]> => [name, await current(name)]),
    ),
  );
}

async function current(name: string): Promise<string> {
  const text = await readFile(join(docs, name), "utf8");
  const parts = new Map<string, string>();
  for (const [, , key = ""] of text.matchAll(part)) {
    const generate = generators.get(key);
    if (generate === undefined) throw new Error(`${name}: nothing generates "${key}"`);
    parts.set(key, await generate());
  }
  const page = text.replaceAll(
    part,
    (_, start: string, key: string, end: string) => `${start}\n${parts.get(key)}\n\n${end}`,
  );
  return await formatted(name, page);
}

/** The page as biome would write it, so that lint and this generator agree. */
function formatted(name: string, page: string): Promise<string> {
  const biome = join(import.meta.dirname, "../node_modules/.bin/biome");
  return new Promise((resolve, reject) => {
    const child = execFile(
      biome,
      ["format", `--stdin-file-path=docs/${name}`],
      { maxBuffer: 16 * 1024 * 1024 },
      (error, stdout) => (error === null ? resolve(stdout) : reject(error)),
    );
    child.stdin?.end(page);
  });
}

if (import.meta.main)
  for (const [name, text] of await currentPages()) await writeFile(join(docs, name), text);
