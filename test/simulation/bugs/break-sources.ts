/** Changes a source file as it is loaded, in this process only. */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Bug } from "./bug.ts";

const root = join(import.meta.dirname, "../../..");

/** To be called before the file is loaded. Throws where the bug's text is not in it exactly once. */
export function breakSources(bug: Bug): void {
  const path = join(root, bug.file);
  brokenText(bug, readFileSync(path, "utf8"));
  const broken = pathToFileURL(path).href;
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (url !== broken) return loaded;
      return { ...loaded, source: brokenText(bug, String(loaded.source)) };
    },
  });
}

/** The text with the bug in it. */
export function brokenText({ name, file, find, replace }: Bug, text: string): string {
  const found = text.split(find).length - 1;
  if (found !== 1)
    throw new Error(`bug "${name}": its text is ${found} times in ${file}, and must be there once`);
  return text.replace(find, () => replace);
}
