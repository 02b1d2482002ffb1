import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataFolder, readConfig } from "./config.ts";

let folder: string;
let keyFile: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "headgate-cli-"));
  keyFile = join(folder, "key");
  writeFileSync(keyFile, "from-file\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

const key = { HEADGATE_API_KEY: "from-env" };

describe("readConfig", () => {
  it("looks for the API on this machine by default", () => {
    expect(readConfig({}, { ...key, HEADGATE_API_URL: "" })).toEqual({
      apiUrl: "http://127.0.0.1:8080",
      apiKey: "from-env",
      retries: 4,
    });
  });

  it("prefers a flag to the environment, and a file to a plain key", () => {
    const environment = {
      ...key,
      HEADGATE_API_URL: "https://a.example",
      HEADGATE_API_KEY_FILE: keyFile,
    };
    expect(readConfig({}, environment)).toMatchObject({
      apiUrl: "https://a.example",
      apiKey: "from-file",
    });
    const flags = { apiUrl: "https://b.example/headgate/", apiKeyFile: keyFile, retries: 0 };
    expect(readConfig(flags, key)).toEqual({
      apiUrl: "https://b.example/headgate",
      apiKey: "from-file",
      retries: 0,
    });
  });

  it.each(["api", "ftp://a.example", "http://a.example/?q", "http://user:pw@a.example"])(
    "refuses the URL %s",
    (apiUrl) => {
      expect(() => readConfig({ apiUrl }, key)).toThrow(expect.objectContaining({ kind: "usage" }));
    },
  );

  it.each([
    ["no key", { XDG_DATA_HOME: "/nonexistent" }],
    ["an empty key", { HEADGATE_API_KEY: "", XDG_DATA_HOME: "/nonexistent" }],
    ["a key of two lines", { HEADGATE_API_KEY: "one\ntwo" }],
    ["a key file that is not there", { HEADGATE_API_KEY_FILE: "/nonexistent/key" }],
  ])("wants a login where there is %s", (_what, environment) => {
    expect(() => readConfig({}, environment)).toThrow(expect.objectContaining({ kind: "login" }));
  });

  it.each(["x", "-1", "101", "1.5"])("refuses %s retries in the environment", (retries) => {
    expect(() => readConfig({}, { ...key, HEADGATE_RETRIES: retries })).toThrow(
      expect.objectContaining({ kind: "usage", message: expect.stringContaining(retries) }),
    );
    expect(readConfig({ retries: 2 }, { ...key, HEADGATE_RETRIES: "7" }).retries).toBe(2);
    expect(readConfig({}, { ...key, HEADGATE_RETRIES: "7" }).retries).toBe(7);
  });
});

describe("readConfig, where headgate up has run", () => {
  const local = { apiUrl: "http://127.0.0.1:9", apiKey: "from-up" };
  const home = (text: string): Record<string, string> => {
    const data = join(mkdtempSync(join(folder, "home-")), "headgate");
    mkdirSync(data);
    writeFileSync(join(data, "cli.json"), text);
    return { XDG_DATA_HOME: dirname(data) };
  };

  it("takes URL and key from its data folder where neither is named", () => {
    expect(readConfig({}, home(JSON.stringify(local)))).toMatchObject(local);
    const { XDG_DATA_HOME: parent = "" } = home(JSON.stringify(local));
    expect(readConfig({}, { HEADGATE_DATA: join(parent, "headgate") })).toMatchObject(local);
  });

  it("never sends its key to another URL, nor another key to its URL", () => {
    const up = home(JSON.stringify(local));
    expect(() => readConfig({ apiUrl: "http://other.example" }, up)).toThrow(
      expect.objectContaining({ kind: "login" }),
    );
    expect(readConfig({}, { ...up, ...key }).apiUrl).toBe("http://127.0.0.1:8080");
  });

  it.each(["", "{", "[]", "null", '{"apiUrl":"http://127.0.0.1:9"}'])(
    "refuses the file %j",
    (text) => {
      expect(() => readConfig({}, home(text))).toThrow(
        expect.objectContaining({ kind: "login", message: expect.stringContaining("cli.json") }),
      );
    },
  );

  it("keeps its data where the flag, HEADGATE_DATA or XDG_DATA_HOME say, in this order", () => {
    const all = { HEADGATE_DATA: "/b", XDG_DATA_HOME: "/c" };
    expect(dataFolder("/a", all)).toBe("/a");
    expect(dataFolder(undefined, all)).toBe("/b");
    expect(dataFolder(undefined, { XDG_DATA_HOME: "/c" })).toBe("/c/headgate");
    expect(dataFolder(undefined, {})).toBe(join(homedir(), ".local/share/headgate"));
  });
});
