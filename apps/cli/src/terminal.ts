/** Where a command writes: answers on stdout, everything else on stderr. */
import { fstatSync } from "node:fs";
import { styleText } from "node:util";
import { CliError } from "./errors.ts";

export interface Terminal {
  /** One answer, with a line end added. Throws CliError (failed) where it cannot be written. */
  answer(text: string): void;
  /**
   * Writes a blank that readers of the answers do not mind, if stdout is a pipe: only by writing is
   * it seen that nobody reads any more, which then ends the process.
   */
  probe(blank: " " | "\r"): void;
  /** One line for people. */
  note(text: string): void;
  /** The line that says why the command fails. */
  failure(text: string): void;
  /**
   * How far something is: on a terminal one line that is rewritten in place, elsewhere a new line
   * whenever `milestone` is another than before.
   */
  progress(text: string, milestone: string): void;
}

/** As much of a process's output stream as a terminal needs. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly fd?: number;
  /** False also where NO_COLOR asks for none. */
  hasColors?(): boolean;
  write(text: string): unknown;
}

/** The process's own terminal. */
export function processTerminal(
  stdout: OutputStream = process.stdout,
  stderr: OutputStream = process.stderr,
): Terminal {
  const rewritable = stderr.isTTY === true;
  const coloured = rewritable && stderr.hasColors?.() === true;
  let lineShown = false;
  let lastMilestone: string | undefined;
  const clearLine = (): void => {
    if (lineShown) stderr.write("\r\x1b[2K");
    lineShown = false;
  };
  return {
    answer(text) {
      clearLine();
      try {
        stdout.write(`${withoutControls(text)}\n`);
      } catch (error) {
        throw notWritten(error);
      }
    },
    probe(blank) {
      if (isPipe(stdout)) stdout.write(blank);
    },
    note(text) {
      clearLine();
      stderr.write(`${withoutControls(text)}\n`);
    },
    failure(text) {
      clearLine();
      const name = coloured
        ? styleText(["bold", "red"], "headgate:", { validateStream: false })
        : "headgate:";
      stderr.write(`${name} ${withoutControls(text)}\n`);
    },
    progress(text, milestone) {
      const line = withoutControls(text);
      if (rewritable) {
        // A line wider than the terminal would wrap, and only its last row could be rewritten.
        stderr.write(`\r\x1b[2K${line.slice(0, (stderr.columns || 80) - 1)}`);
        lineShown = true;
      } else if (milestone !== lastMilestone) stderr.write(`${line}\n`);
      lastMilestone = milestone;
    },
  };
}

/** The same terminal for answers and failures only. */
export function quietTerminal(terminal: Terminal): Terminal {
  return { ...terminal, note: () => undefined, progress: () => undefined };
}

/** What becomes of a stdout that takes no answer; a full disk, say. */
export function notWritten(error: unknown): CliError {
  const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return new CliError("failed", `the answer cannot be written: ${why}`, { cause: error });
}

function isPipe({ fd }: OutputStream): boolean {
  if (fd === undefined) return false;
  const file = fstatSync(fd);
  return file.isFIFO() || file.isSocket();
}

/** Names and messages come from outside and must not steer the terminal. */
function withoutControls(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, "\u{fffd}");
}
