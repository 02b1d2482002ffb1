/** Commands that need no API, as real processes. */
import { afterEach, describe, expect, it } from "vitest";
import { killLeftHeadgates, startHeadgate } from "./headgate.test-support.ts";

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
