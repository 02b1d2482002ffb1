import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startWatchdog } from "./watchdog.ts";

const nothing = { code: "ENOENT" };

async function filledFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-test-"));
  await writeFile(join(folder, "file"), "");
  return folder;
}

test("close removes the folder and leaves watched processes alone", async () => {
  const folder = await filledFolder();
  const idle = spawn(process.execPath, ["--eval", "setInterval(() => {}, 1000)"]);
  onTestFinished(() => {
    idle.kill("SIGKILL");
  });
  const watchdog = startWatchdog(folder);
  watchdog.watch(idle.pid ?? 0);
  await watchdog.close();
  await expect(stat(folder)).rejects.toMatchObject(nothing);
  expect(idle.kill(0)).toBe(true);
});

test("a killed process takes what it had watched with it, processes and folder", async () => {
  const folder = await filledFolder();
  // The idle process says hello on the owner's stdout, which closes when both are gone.
  const script = `
    const { spawn } = await import("node:child_process");
    const { startWatchdog } = await import(${JSON.stringify(new URL("./watchdog.ts", import.meta.url).href)});
    const watchdog = startWatchdog(${JSON.stringify(folder)});
    const idle = ["--eval", "console.log('ready'); setInterval(() => {}, 1000)"];
    watchdog.watch(spawn(process.execPath, idle, { stdio: "inherit", detached: true }).pid);
    setInterval(() => {}, 1000);`;
  const owner = spawn(
    process.execPath,
    ["--conditions=@headgate/source", "--input-type=module", "--eval", script],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await once(owner.stdout, "data");
  owner.kill("SIGKILL");
  await once(owner.stdout.resume(), "close");
  await expect.poll(() => stat(folder).catch((error) => error)).toMatchObject(nothing);
});
