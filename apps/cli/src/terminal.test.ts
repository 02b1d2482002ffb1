import { closeSync, openSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { processTerminal, quietTerminal } from "./terminal.ts";

/** A stream that keeps what is written to it. */
function stream(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, columns: 24, written, write: (text: string) => written.push(text) > 0 };
}

describe("processTerminal", () => {
  it("rewrites one line on a terminal, cut to its width, and clears it before other text", () => {
    const [stdout, stderr] = [stream(true), stream(true)];
    const terminal = processTerminal(stdout, stderr);
    terminal.progress("one", "a");
    terminal.progress("x".repeat(50), "a");
    terminal.answer("done");
    expect(stderr.written).toEqual(["\r\x1b[2Kone", `\r\x1b[2K${"x".repeat(23)}`, "\r\x1b[2K"]);
    expect(stdout.written).toEqual(["done\n"]);
  });

  it("writes a plain line for each new milestone elsewhere", () => {
    const [stdout, stderr] = [stream(false), stream(false)];
    const terminal = processTerminal(stdout, stderr);
    terminal.progress("waiting", "a");
    terminal.progress("waiting, 2 s", "a");
    terminal.progress("loading", "b");
    terminal.note("note");
    expect(stderr.written).toEqual(["waiting\n", "loading\n", "note\n"]);
    expect(stdout.written).toEqual([]);
  });

  it("lets no text from outside steer the terminal", () => {
    const stdout = stream(false);
    processTerminal(stdout, stream(false)).answer("a\x1b]0;evil\x07\u009b2Jb\n\tc");
    expect(stdout.written).toEqual(["a\ufffd]0;evil\ufffd\ufffd2Jb\n\tc\n"]);
  });

  it("probes a pipe, and writes nothing for it anywhere else", () => {
    const file = openSync(import.meta.filename, "r");
    const streams = [stream(false), { ...stream(false), fd: file }];
    for (const stdout of streams) processTerminal(stdout, stream(false)).probe(" ");
    expect(streams.map(({ written }) => written)).toEqual([[], []]);
    closeSync(file);
  });

  it("keeps answers and failures only, where it is to be quiet", () => {
    const [stdout, stderr] = [stream(false), stream(false)];
    const terminal = quietTerminal(processTerminal(stdout, stderr));
    terminal.progress("far", "a");
    terminal.note("note");
    terminal.failure("no");
    terminal.answer("yes");
    expect([stdout.written, stderr.written]).toEqual([["yes\n"], ["headgate: no\n"]]);
  });

  it("colours a failure only where the terminal has colours", () => {
    const coloured = { ...stream(true), hasColors: () => true };
    processTerminal(stream(true), coloured).failure("no");
    expect(coloured.written).toEqual(["\x1b[1m\x1b[31mheadgate:\x1b[39m\x1b[22m no\n"]);
    for (const plain of [
      stream(false),
      stream(true),
      { ...stream(true), hasColors: () => false },
    ]) {
      processTerminal(stream(true), plain).failure("no");
      expect(plain.written).toEqual(["headgate: no\n"]);
    }
  });
});
