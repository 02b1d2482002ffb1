import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";

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
    ["no key", {}],
    ["an empty key", { HEADGATE_API_KEY: "" }],
    ["a key of two lines", { HEADGATE_API_KEY: "one\ntwo" }],
    ["a key file that is not there", { HEADGATE_API_KEY_FILE: "/nonexistent/key" }],
  ])("wants a login where there is %s", (_what, environment) => {
    expect(() => readConfig({}, environment)).toThrow(expect.objectContaining({ kind: "login" }));
  });
});
