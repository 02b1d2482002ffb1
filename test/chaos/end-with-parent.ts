/** Preloaded into every program of a run: it ends when the run ends, in whatever way that was. */
process.stdin.once("close", () => process.kill(process.pid, "SIGKILL"));
process.stdin.resume();
if ("unref" in process.stdin) process.stdin.unref();
