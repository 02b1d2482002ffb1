import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { boardOf, ownVersion, readApiConfig } from "./config.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "headgate-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const connection = `
connections:
  default:
    consumerKey: { file: /nowhere/consumer-key }
    user: loader@example.com
    keyFile: /nowhere/key.pem
    connectors: { crm: { schema: /nowhere/crm.yaml } }
`;

function api(board: string) {
  const passwordFile = file("password", "open sesame\n");
  const path = file("board.yaml", `${connection}${board.replace("PASSWORD", passwordFile)}`);
  return readApiConfig({ HEADGATE_CONFIG: path }).config;
}

describe("the API's configuration", () => {
  it("needs no file that only workers may read", () => {
    const { config } = readApiConfig({ HEADGATE_CONFIG: file("headgate.yaml", connection) });
    expect(config.api).toMatchObject({ host: "127.0.0.1", port: 8080 });
    expect(boardOf(config)).toBeUndefined();
  });

  it("has the board's password from its file, and shows it to nobody", () => {
    const board = boardOf(
      api("api: { board: { user: ops, passwordFile: PASSWORD, operate: true } }"),
    );
    expect(board).toMatchObject({ user: "ops", operate: true });
    expect(board?.password.reveal()).toBe("open sesame");
    expect(`${inspect(board)}${JSON.stringify(board)}`).not.toContain("sesame");
  });

  it.each([
    ["cannot be read", () => join(folder, "absent")],
    ["is empty", () => file("empty", "\n")],
  ])("refuses a password file that %s", (what, path) => {
    const config = api(`api: { board: { user: ops, passwordFile: ${path()} } }`);
    expect(() => boardOf(config)).toThrow(
      expect.objectContaining({ code: "ERR_CONFIG", message: expect.stringContaining(what) }),
    );
  });

  it("names every fault", () => {
    const path = file("wrong.yaml", `${connection}api: { port: 70000, hots: x }\nlogLevel: loud\n`);
    expect(() => readApiConfig({ HEADGATE_CONFIG: path })).toThrow(
      expect.objectContaining({
        code: "ERR_CONFIG",
        message: expect.stringMatching(/api\.port.*logLevel/s),
      }),
    );
  });
});

it("knows its version", () => {
  expect(ownVersion()).toMatch(/^\d+\.\d+\.\d+/);
});
