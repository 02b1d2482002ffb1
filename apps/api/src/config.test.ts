import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { BulkError } from "@headgate/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";

let folder: string;
let minimal: Record<string, string>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "headgate-config-"));
  minimal = {
    HEADGATE_REDIS_URL: "redis://:hunter2@127.0.0.1:6379",
    HEADGATE_API_KEYS_FILE: file("keys", `airflow sha256:${"a".repeat(64)}\n`),
  };
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function faultsOf(environment: Record<string, string>): string {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof BulkError && error.code === "ERR_CONFIG") return error.message;
    throw error;
  }
  throw new Error("the configuration was taken");
}

describe("readConfig", () => {
  it("fills in the defaults and is frozen", () => {
    const config = readConfig(minimal);
    expect(config).toMatchObject({
      host: "127.0.0.1",
      port: 8080,
      connections: ["default"],
      keyPrefix: "headgate",
      board: undefined,
      logLevel: "info",
    });
    expect(config.keys.map((key) => key.name)).toEqual(["airflow"]);
    expect(Object.isFrozen(config)).toBe(true);
  });

  it("reads every setting", () => {
    const config = readConfig({
      ...minimal,
      HEADGATE_API_HOST: "0.0.0.0",
      HEADGATE_API_PORT: "0",
      HEADGATE_CONNECTIONS: "prod, sandbox",
      HEADGATE_KEY_PREFIX: "hg",
      HEADGATE_BOARD_USER: "ops",
      HEADGATE_BOARD_PASSWORD_FILE: file("password", "open sesame\n"),
      HEADGATE_BOARD_OPERATE: "true",
      HEADGATE_LOG_LEVEL: "debug",
    });
    expect(config).toMatchObject({
      host: "0.0.0.0",
      port: 0,
      connections: ["prod", "sandbox"],
      keyPrefix: "hg",
      logLevel: "debug",
      board: { user: "ops", operate: true },
    });
    expect(config.board?.password.reveal()).toBe("open sesame");
  });

  it("takes the Redis URL from a file", () => {
    const { HEADGATE_REDIS_URL: url = "", ...rest } = minimal;
    const config = readConfig({ ...rest, HEADGATE_REDIS_URL_FILE: file("redis-url", `${url}\n`) });
    expect(config.redisUrl.reveal()).toBe(url);
  });

  it("shows no secret when printed", () => {
    const config = readConfig({
      ...minimal,
      HEADGATE_BOARD_USER: "ops",
      HEADGATE_BOARD_PASSWORD_FILE: file("password-2", "open sesame"),
    });
    const printed = `${inspect(config, { depth: 9 })}${JSON.stringify(config)}${config.redisUrl}`;
    expect(printed).not.toContain("hunter2");
    expect(printed).not.toContain("sesame");
  });

  it("names every fault at once, without the values", () => {
    const message = faultsOf({
      HEADGATE_REDIS_URL: "http://hunter2",
      HEADGATE_API_PORT: "70000",
      HEADGATE_CONNECTIONS: "Prod,default",
      HEADGATE_BOARD_USER: "ops",
      HEADGATE_BOARD_OPERATE: "yes",
      HEADGATE_LOG_LEVEL: "loud",
    });
    for (const name of [
      "HEADGATE_REDIS_URL must be",
      "HEADGATE_API_PORT must be",
      "HEADGATE_CONNECTIONS",
      "HEADGATE_API_KEYS_FILE is not set",
      "HEADGATE_BOARD_USER and HEADGATE_BOARD_PASSWORD_FILE go together",
      "HEADGATE_BOARD_OPERATE must be",
      "HEADGATE_LOG_LEVEL must be",
    ])
      expect(message).toContain(name);
    expect(message).not.toContain("hunter2");
  });

  it("refuses a key file without a key, an unreadable one, and an empty password", () => {
    expect(faultsOf({ ...minimal, HEADGATE_API_KEYS_FILE: file("no-keys", "# none\n") })).toContain(
      "HEADGATE_API_KEYS_FILE: there is no key in it",
    );
    expect(faultsOf({ ...minimal, HEADGATE_API_KEYS_FILE: join(folder, "absent") })).toContain(
      "(ENOENT)",
    );
    expect(
      faultsOf({
        ...minimal,
        HEADGATE_BOARD_USER: "ops",
        HEADGATE_BOARD_PASSWORD_FILE: file("empty", "\n"),
      }),
    ).toContain("HEADGATE_BOARD_PASSWORD_FILE names an empty file");
  });

  it("takes an empty variable as one that is not set", () => {
    expect(readConfig({ ...minimal, HEADGATE_API_PORT: "" }).port).toBe(8080);
  });
});
