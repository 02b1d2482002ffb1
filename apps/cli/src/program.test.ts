import { describe, expect, it } from "vitest";
import { run } from "./run-program.test-support.ts";

const load = ["load", "s3://b/a.csv", "--to", "web/order", "--operation", "upsert"];

const backfill = ["schedule", "run", "n", "--from", "2026-02-01", "--to", "2026-02-02"];

describe("runProgram", () => {
  it.each([
    ["no URI", ["load", "--to", "web/order", "--operation", "upsert"], "source"],
    ["no target", ["load", "s3://b/a.csv", "--operation", "upsert"], "--to"],
    ["no operation", ["load", "s3://b/a.csv", "--to", "web/order"], "--operation"],
    ["a target without an object", [...load, "--to", "web"], "--to"],
    ["another operation", [...load, "--operation", "insert"], "--operation"],
    ["another header mode", [...load, "--header", "maybe"], "--header"],
    [
      "a key for a local file",
      ["load", "a.csv", ...load.slice(2), "--idempotency-key", "k"],
      "URIs",
    ],
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
    ["an id and --last", ["status", "default.1", "--last"], "--last"],
    ["an id and --last to watch", ["watch", "default.1", "--last"], "--last"],
    ["a timeout of nothing", ["status", "--last", "--wait", "--timeout", "0"], "--timeout"],
    ["a timeout without end", ["status", "--last", "--wait", "--timeout", "169h"], "--timeout"],
    ["a timeout in days", ["status", "--last", "--wait", "--timeout", "1d"], "--timeout"],
    ["a timeout for a list", ["status", "--timeout", "1m"], "--wait"],
    ["another compression", [...load, "--compression", "rar"], "--compression"],
    ["another encoding", [...load, "--encoding", "ebcdic"], "--encoding"],
    ["another delimiter", [...load, "--delimiter", "::"], "--delimiter"],
    ["another policy", [...load, "--preflight", "ignore"], "--preflight"],
    ["too many slots to leave", [...load, "--leave-slots", "1000"], "--leave-slots"],
    ["a date that is none", ["schedule", "run", "n", "--date", "2026-02-30"], "--date"],
    ["half a backfill", ["schedule", "run", "n", "--from", "2026-02-01"], "--to"],
    [
      "a backfill that runs backwards",
      ["schedule", "run", "n", "--from", "2026-02-02", "--to", "2026-02-01"],
      "--from",
    ],
    ["a date and a backfill", [...backfill, "--date", "2026-02-01"], "--date"],
    ["slots left by one run", ["schedule", "run", "n", "--leave-slots", "1"], "--leave-slots"],
    ["a schedule without a file", ["schedule", "create", "n"], "--file"],
    ["a file that is not there", ["schedule", "create", "n", "-f", "/nonexistent"], "/nonexistent"],
    ["a shell of another kind", ["completion", "powershell"], "powershell"],
    ["an unknown subcommand", ["schedule", "restart"], "restart"],
  ])("ends with 2 for %s and says so on stderr only", async (_what, argv, named) => {
    const { code, answers, notes } = await run(argv);
    expect({ code, answers }).toEqual({ code: 2, answers: "" });
    expect(notes).toContain(named);
  });

  it.each([
    ...["load", "plan", "status", "watch", "findings", "cancel", "retry", "quota", "reap"],
    ...["list", "show", "test", "run", "runs", "cancel", "next", "pause", "resume"].map(
      (name) => `schedule ${name}`,
    ),
    ...["create", "delete"].map((name) => `schedule ${name}`),
    ...["list", "abort", "observe"].map((name) => `bulk-jobs ${name}`),
  ])("helps with %s by examples", async (command) => {
    const { code, answers } = await run([...command.split(" "), "--help"]);
    expect(code).toBe(0);
    expect(answers).toContain("Example");
    expect(answers).toContain("--json");
  });

  it("tells its version", async () => {
    expect(await run(["--version"])).toMatchObject({ code: 0, answers: "0.1.0" });
  });

  it("documents exit codes and environment in its help", async () => {
    const { code, answers } = await run(["--help"]);
    expect(code).toBe(0);
    expect(answers).toContain("Exit codes:");
    expect(answers).toContain("HEADGATE_API_KEY_FILE");
  });
});
