/**
 * The blocks of a page of docs/ that a reader would type or copy, each with the mark above it:
 *
 *   <!-- run: SESSION -->                 runs in this session, after the blocks before it
 *   <!-- run: SESSION, background -->     goes on while the next blocks run; the first output line ends the wait
 *   <!-- file: SESSION PATH -->           is written to a file in the session's folder
 *   <!-- output: SESSION -->              what the block before it prints; … stands for anything
 *   <!-- not run: REASON -->              cannot run here
 *
 * Fences of `bash`, `python`, `yaml`, `csv` and `json` must have a mark, so that none is forgotten.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What is done with a block. */
export type Block = {
  readonly page: string;
  /** Of the fence, from 1. */
  readonly line: number;
  readonly text: string;
} & (
  | { readonly kind: "run"; readonly session: string; readonly inBackground: boolean }
  | { readonly kind: "file"; readonly session: string; readonly path: string }
  | { readonly kind: "output"; readonly session: string }
  | { readonly kind: "not-run"; readonly reason: string }
);

const fence = /(?:^<!-- (.*?) -->\n)?^```([a-z]*)\n([\s\S]*?)^```$/gm;
const languagesWithMark = ["bash", "console", "sh", "python", "yaml", "csv", "json", "java"];

/** All marked blocks of a file under `folder`. Throws for a block without a mark, or with one that is none. */
export function blocksOf(folder: string, page: string): readonly Block[] {
  const text = readFileSync(join(folder, page), "utf8");
  return [...text.matchAll(fence)].flatMap((match): readonly Block[] => {
    const [all, mark, language = "", body = ""] = match;
    const line = text.slice(0, match.index).split("\n").length + (mark === undefined ? 0 : 1);
    if (mark === undefined) {
      if (languagesWithMark.includes(language))
        throw new Error(`${page}:${line}: a block of ${language} needs a mark above it: ${all}`);
      return [];
    }
    return [{ page, line, text: body, ...readMark(mark, `${page}:${line}`) }];
  });
}

function readMark(mark: string, place: string) {
  const [, kind = "", rest = ""] = /^(run|file|output|not run): (.+)$/.exec(mark) ?? [];
  const [session = "", ...more] = rest.split(/,? /);
  switch (kind) {
    case "run":
      return { kind, session, inBackground: more.join(" ") === "background" } as const;
    case "file":
      return { kind, session, path: more.join(" ") } as const;
    case "output":
      return { kind, session } as const;
    case "not run":
      return { kind: "not-run", reason: rest } as const;
    default:
      throw new Error(`${place}: the mark "${mark}" is none`);
  }
}
