/** A worker's log that nobody reads, or that finds no room, on a real process. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { expect, it } from "vitest";

/** Logs twice what may wait, says so over IPC, and leaves when it is told to. */
const program = `
import { guardLog, logDestination, maxLogBacklogBytes } from "@headgate/config";
import { pino } from "pino";
const destination = pino.destination(logDestination);
const logger = pino({ base: null }, destination);
const log = guardLog(destination, (lines) => logger.warn({ lines }, "log.dropped"));
const text = "x".repeat(1000);
for (let line = 0; line < (2 * maxLogBacklogBytes) / text.length; line++) logger.info(text);
process.send("logged");
process.on("message", async (message) => {
  if (message === "more") logger.info("one more");
  if (message === "leave") {
    await log.close();
    process.exit(0);
  }
});
`;

function start(stdout: "pipe" | number): ChildProcess {
  return spawn(
    process.execPath,
    ["--conditions=@headgate/source", "--input-type=module", "--eval", program],
    { cwd: import.meta.dirname, stdio: ["ignore", stdout, "inherit", "ipc"] },
  );
}

it("goes on and leaves though nobody reads its log", async () => {
  const child = start("pipe");
  expect(await once(child, "message")).toContain("logged");
  child.send("leave");
  expect(await once(child, "exit")).toEqual([0, null]);
});

it("goes on and leaves though there is no room for its log", async () => {
  const full = await open("/dev/full", "w");
  const child = start(full.fd);
  expect(await once(child, "message")).toContain("logged");
  child.send("more");
  child.send("leave");
  expect(await once(child, "exit")).toEqual([0, null]);
  await full.close();
});

it("tells how many lines are lost once its log is read again", async () => {
  const child = start("pipe");
  await once(child, "message");
  const lines: string[] = [];
  let rest = "";
  for await (const chunk of child.stdout ?? []) {
    const parts = `${rest}${chunk}`.split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
    if (lines.some((line) => line.includes("log.dropped"))) break;
  }
  const told = lines.find((line) => line.includes("log.dropped")) ?? "{}";
  expect(JSON.parse(told)).toMatchObject({ level: 40, lines: expect.any(Number) });
  expect(JSON.parse(told).lines).toBeGreaterThan(1000);
  child.kill();
  await once(child, "exit");
});
