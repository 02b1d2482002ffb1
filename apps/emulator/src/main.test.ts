import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));

function start(...argv: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ["--conditions=@headgate/source", main, ...argv], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

async function firstLine(stream: ChildProcess["stdout"]): Promise<string> {
  if (stream === null) throw new Error("the stream is not piped");
  const [line] = await once(createInterface(stream), "line");
  return String(line);
}

it.each(["SIGTERM", "SIGINT"] as const)("serves until %s, then exits with 0", async (signal) => {
  const child = start("--port", "0", "--json");
  const { url } = JSON.parse(await firstLine(child.stdout));
  expect((await fetch(`${url}/__emulator/limits`)).status).toBe(200);
  child.kill(signal);
  expect(await once(child, "exit")).toEqual([0, null]);
});

it("prints one readable line with its addresses", async () => {
  const line = await firstLine(start("--port", "0").stdout);
  expect(line).toMatch(/^Ingestion API emulator at http:\/\/127\.0\.0\.1:\d+, state at http/);
});

it("exits with 2 and a reason for a wrong setting", async () => {
  const child = start("--set", "maxPartByte=1");
  const exit = once(child, "exit");
  expect(await firstLine(child.stderr)).toContain("headgate-emulator: emulator settings");
  expect(await exit).toEqual([2, null]);
});
