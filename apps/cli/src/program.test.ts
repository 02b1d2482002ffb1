import { describe, expect, it } from "vitest";
import { runProgram } from "./program.ts";

/** Runs a command line that never gets as far as the API. */
async function run(...argv: string[]) {
  const answers: string[] = [];
  const notes: string[] = [];
  const code = await runProgram(argv, {
    terminal: {
      answer: (text) => void answers.push(text),
      note: (text) => void notes.push(text),
      progress: () => undefined,
    },
    signal: new AbortController().signal,
  });
  return { code, answers: answers.join("\n"), notes: notes.join("\n") };
}

const load = ["load", "s3://b/a.csv", "--to", "web/order", "--operation", "upsert"];

describe("runProgram", () => {
  it.each([
    ["no URI", ["load", "--to", "web/order", "--operation", "upsert"], "uri"],
    ["no target", ["load", "s3://b/a.csv", "--operation", "upsert"], "--to"],
    ["no operation", ["load", "s3://b/a.csv", "--to", "web/order"], "--operation"],
    ["a target without an object", [...load, "--to", "web"], "--to"],
    ["another operation", [...load, "--operation", "insert"], "--operation"],
    ["another header mode", [...load, "--header", "maybe"], "--header"],
    ["an idempotency key with a blank", [...load, "--idempotency-key", "a b"], "--idempotency-key"],
    ["an unknown flag", ["status", "--all"], "--all"],
    ["an unknown command", ["lod"], "lod"],
    ["no command", [], "Usage"],
    ["another state", ["status", "--state", "done"], "--state"],
    ["a limit beyond 100", ["status", "--limit", "101"], "--limit"],
    ["a filter with an id", ["status", "default.1", "--state", "failed"], "--state"],
    ["waiting for a list", ["status", "--wait"], "--wait"],
    ["a key name with capitals", ["api-key", "new", "Ops"], "Ops"],
    ["no id to cancel", ["cancel"], "id"],
  ])("ends with 2 for %s and says so on stderr only", async (_what, argv, named) => {
    const { code, answers, notes } = await run(...argv);
    expect({ code, answers }).toEqual({ code: 2, answers: "" });
    expect(notes).toContain(named);
  });

  it.each(["load", "status", "quota", "cancel"])("helps with %s by examples", async (command) => {
    const { code, answers } = await run(command, "--help");
    expect(code).toBe(0);
    expect(answers).toContain("Example");
    expect(answers).toContain("--json");
  });

  it("documents exit codes and environment in its help", async () => {
    const { code, answers } = await run("--help");
    expect(code).toBe(0);
    expect(answers).toContain("Exit codes:");
    expect(answers).toContain("HEADGATE_API_KEY_FILE");
  });
});
