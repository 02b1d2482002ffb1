import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type ChildProgram, startChild } from "./child-program.ts";
import type { DemoError } from "./demo-error.ts";
import { startWatchdog } from "./watchdog.ts";

interface Started {
  readonly child: ChildProgram;
  readonly unexpectedEnd: Promise<DemoError>;
  readonly folder: string;
}

/** Runs a script that is ready when it prints "ready". */
async function started(script: string): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-test-"));
  const watchdog = startWatchdog(folder);
  const path = join(folder, "program.mjs");
  await writeFile(path, script);
  const { promise, resolve } = Promise.withResolvers<DemoError>();
  const child = startChild({
    name: "program",
    script: path,
    env: {},
    logFile: join(folder, "program.log"),
    isReady: (line) => line === "ready",
    onUnexpectedEnd: resolve,
    watchdog,
  });
  onTestFinished(async () => {
    await child.stop();
    await watchdog.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { child, unexpectedEnd: promise, folder };
}

test("a program is ready when it says so, and stops without being missed", async () => {
  const { child, unexpectedEnd } = await started(
    "console.log('starting'); console.log('ready'); setInterval(() => {}, 1000);",
  );
  expect(await child.ready).toBe("ready");
  await child.stop();
  await child.stop();
  expect(await Promise.race([unexpectedEnd, "not missed"])).toBe("not missed");
});

test("a program that dies is missed, with its exit code and the last lines of its stderr", async () => {
  const { child, unexpectedEnd } = await started(
    "console.log('chat'); console.error('out of luck'); process.exitCode = 7;",
  );
  await expect(child.ready).rejects.toMatchObject({ kind: "failed" });
  expect((await unexpectedEnd).message).toBe("program ended (exit code 7)\n  out of luck");
});

test("without stderr the last lines of stdout tell what it did", async () => {
  const { unexpectedEnd, folder } = await started(
    "for (let n = 0; n < 30; n++) console.log('line', n); process.exitCode = 1;",
  );
  const lines = (await unexpectedEnd).message.split("\n");
  expect(lines).toHaveLength(13);
  expect(lines.at(-1)).toBe("  line 29");
  await expect
    .poll(async () => await readFile(join(folder, "program.log"), "utf8"))
    .toContain("line 0\n");
});
