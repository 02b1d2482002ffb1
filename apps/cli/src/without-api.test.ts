/** Commands that need no API, as real processes. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { killLeftHeadgates, startHeadgate } from "./headgate.test-support.ts";

const cliFile = fileURLToPath(new URL("main.ts", import.meta.url));

afterEach(killLeftHeadgates);

describe("headgate api-key new", () => {
  it("makes a key and what lets it in, without an API", async () => {
    const { code, stdout } = await startHeadgate(["api-key", "new", "ops", "--json"], {}).ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      name: "ops",
      key: expect.stringMatching(/^hg_/),
      hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      yaml: expect.stringMatching(/^clients:\n {2}ops:\n/),
    });
  });
});

it("tells in a line that its answer cannot be written", () => {
  const headgate = [process.execPath, "--conditions=@headgate/source", cliFile];
  const { status, stderr } = spawnSync(
    "sh",
    ["-c", '"$@" > /dev/full', "sh", ...headgate, "config", "schema"],
    {
      encoding: "utf8",
    },
  );
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: "headgate: the answer cannot be written: ENOSPC\n",
  });
});

describe("headgate emulator", () => {
  it("helps with the emulator's own flags", async () => {
    const { code, stdout } = await startHeadgate(["emulator", "--help"], {}).ended;
    expect(code).toBe(0);
    expect(stdout).toContain("--schema <source=file>");
    expect(stdout).not.toMatch(/default: (\{\}|\[\])/);
  });

  it("starts the emulator with its own flags", async () => {
    const run = startHeadgate(["emulator", "--port", "0", "--json"], {});
    const [first] = await new Promise<Buffer[]>((resolve) =>
      run.child.stdout?.once("data", (chunk: Buffer) => resolve([chunk])),
    );
    expect((await fetch(JSON.parse(String(first)).control)).status).toBe(200);
    run.child.kill("SIGTERM");
    expect((await run.ended).code).toBe(0);
  });
});
