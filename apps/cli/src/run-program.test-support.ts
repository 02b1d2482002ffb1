/** Runs command lines in this process. */
import { Readable } from "node:stream";
import { runProgram } from "./program.ts";

/** Exit code, stdout and stderr of a command line, with this standard input. */
export async function run(argv: readonly string[], stdin = "") {
  const answers: string[] = [];
  const notes: string[] = [];
  const code = await runProgram(argv, {
    terminal: {
      answer: (text) => void answers.push(text),
      probe: () => undefined,
      note: (text) => void notes.push(text),
      failure: (text) => void notes.push(text),
      progress: () => undefined,
    },
    stdin: Readable.from([Buffer.from(stdin)]),
    signal: new AbortController().signal,
  });
  return { code, answers: answers.join("\n"), notes: notes.join("\n") };
}
