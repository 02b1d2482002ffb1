import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { BulkError, slotWindowMarginMs } from "@headgate/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readWorkerConfig } from "./config.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "headgate-worker-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const minimal = {
  HEADGATE_CONSUMER_KEY: "consumer-key-canary",
  HEADGATE_USER: "loader@example.com",
  HEADGATE_KEY_FILE: "/run/secrets/key.pem",
  HEADGATE_SCHEMAS: "crm=none",
};

/** One line for each fault, each beginning with its variable. */
function faultsOf(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  try {
    readWorkerConfig(environment);
  } catch (error) {
    if (!(error instanceof BulkError) || error.code !== "ERR_CONFIG") throw error;
    const [title, ...lines] = error.message.split("\n");
    expect(title).toBe("the configuration is wrong:");
    expect(error.fields).toEqual({ faults: lines.length });
    return lines.map((line) => line.trim());
  }
  throw new Error("the configuration was taken");
}

function namesOf(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  return faultsOf(environment).map((line) => line.split(/[:.]/, 1)[0] ?? "");
}

describe("settings", () => {
  it("need only the login, the key file and the schemas; the rest has defaults", () => {
    const config = readWorkerConfig({ ...minimal, HEADGATE_USER_AGENT: "not ours", PATH: "/bin" });
    expect(config).toMatchObject({
      prefix: "headgate",
      allowVolatileRedis: false,
      streamIntake: true,
      logLevel: "info",
      stopMs: 25_000,
      connection: {
        name: "default",
        login: {
          loginUrl: "https://login.salesforce.com",
          user: "loader@example.com",
          keyFile: "/run/secrets/key.pem",
          audience: undefined,
          dataSpace: undefined,
          allowedHostSuffixes: ["salesforce.com"],
          allowPlainHttpOnLoopback: false,
        },
        ca: undefined,
        schemas: new Map([["crm", "none"]]),
        limits: {
          slots: 20,
          windowMs: 3_600_000 + slotWindowMarginMs,
          permits: 5,
          reserveSlots: 0,
          reservePermits: 0,
          oneBulkJobPerObject: true,
        },
        steps: {
          pollMinMs: 3000,
          pollMaxMs: 15_000,
          onUnknownUpload: "reput",
          reap: { abortForeign: false },
        },
      },
      s3: {},
      filesRoot: undefined,
    });
    expect(config.redisUrl.reveal()).toBe("redis://127.0.0.1:6379");
    expect(Object.isFrozen(config)).toBe(true);
  });

  it("are all read", () => {
    const config = readWorkerConfig({
      ...minimal,
      HEADGATE_REDIS_URL: "rediss://user:pw@redis.internal:6380/2",
      HEADGATE_KEY_PREFIX: "hg_1",
      HEADGATE_ALLOW_VOLATILE_REDIS: "true",
      HEADGATE_STREAM_INTAKE: "false",
      HEADGATE_LOG_LEVEL: "debug",
      HEADGATE_STOP_SECONDS: "5",
      HEADGATE_CONNECTION: "emea",
      HEADGATE_LOGIN_URL: "https://example.my.salesforce.com",
      HEADGATE_AUDIENCE: "https://test.salesforce.com",
      HEADGATE_DATA_SPACE: "sales",
      HEADGATE_ALLOWED_HOSTS: "salesforce.com, example.org",
      HEADGATE_ALLOW_LOOPBACK: "true",
      HEADGATE_CA_FILE: file("ca.pem", "authorities"),
      HEADGATE_SCHEMAS: `crm=${file("crm.yaml", "openapi: 3.0.3")}, web=none`,
      HEADGATE_S3_ENDPOINT: "http://127.0.0.1:9000",
      HEADGATE_S3_REGION: "eu-central-1",
      HEADGATE_S3_PATH_STYLE: "false",
      HEADGATE_S3_BUCKETS: "exports,more",
      HEADGATE_FILES_ROOT: "/data",
      HEADGATE_SLOTS: "10",
      HEADGATE_SLOT_WINDOW_SECONDS: "60",
      HEADGATE_RESERVE_SLOTS: "2",
      HEADGATE_PERMITS: "4",
      HEADGATE_RESERVE_PERMITS: "1",
      HEADGATE_ONE_BULK_JOB_PER_OBJECT: "false",
      HEADGATE_POLL_MIN_MS: "500",
      HEADGATE_POLL_MAX_MS: "900",
      HEADGATE_ON_UNKNOWN_UPLOAD: "restart",
      HEADGATE_REAP_FOREIGN: "true",
    });
    expect(config.redisUrl.reveal()).toBe("rediss://user:pw@redis.internal:6380/2");
    expect(config).toMatchObject({
      prefix: "hg_1",
      allowVolatileRedis: true,
      streamIntake: false,
      logLevel: "debug",
      stopMs: 5000,
      connection: {
        name: "emea",
        login: {
          loginUrl: "https://example.my.salesforce.com",
          audience: "https://test.salesforce.com",
          dataSpace: "sales",
          allowedHostSuffixes: ["salesforce.com", "example.org"],
          allowPlainHttpOnLoopback: true,
        },
        ca: "authorities",
        schemas: new Map([
          ["crm", "openapi: 3.0.3"],
          ["web", "none"],
        ]),
        limits: {
          slots: 10,
          windowMs: 60_000 + slotWindowMarginMs,
          permits: 4,
          reserveSlots: 2,
          reservePermits: 1,
          oneBulkJobPerObject: false,
        },
        steps: {
          pollMinMs: 500,
          pollMaxMs: 900,
          onUnknownUpload: "restart",
          reap: { abortForeign: true },
        },
      },
      s3: {
        endpoint: "http://127.0.0.1:9000",
        region: "eu-central-1",
        forcePathStyle: false,
        allowedBuckets: ["exports", "more"],
      },
      filesRoot: "/data",
    });
  });

  it("that are empty count as absent", () => {
    const config = readWorkerConfig({ ...minimal, HEADGATE_SLOTS: "", HEADGATE_S3_REGION: "" });
    expect(config.connection.limits.slots).toBe(20);
    expect(config.s3).toEqual({});
  });
});

describe("a faulty setting is named", () => {
  it.each(Object.keys(minimal))("where %s is missing", (name) => {
    expect(namesOf({ ...minimal, [name]: undefined })).toEqual([name]);
    expect(namesOf({ ...minimal, [name]: "" })).toEqual([name]);
  });

  it.each([
    ["HEADGATE_REDIS_URL", "127.0.0.1:6379"],
    ["HEADGATE_REDIS_URL", "http://127.0.0.1:6379"],
    ["HEADGATE_KEY_PREFIX", "a:b"],
    ["HEADGATE_ALLOW_VOLATILE_REDIS", "yes"],
    ["HEADGATE_STREAM_INTAKE", "on"],
    ["HEADGATE_LOG_LEVEL", "loud"],
    ["HEADGATE_STOP_SECONDS", "0"],
    ["HEADGATE_CONNECTION", "a.b"],
    ["HEADGATE_LOGIN_URL", "login.salesforce.com"],
    ["HEADGATE_ALLOW_LOOPBACK", "1"],
    ["HEADGATE_CA_FILE", "/nowhere/ca.pem"],
    ["HEADGATE_SCHEMAS", "crm"],
    ["HEADGATE_SCHEMAS", "=x.yaml"],
    ["HEADGATE_SCHEMAS", "crm="],
    ["HEADGATE_SCHEMAS", ","],
    ["HEADGATE_SCHEMAS", "crm=none,crm=none"],
    ["HEADGATE_SCHEMAS", "crm=/nowhere/crm.yaml"],
    ["HEADGATE_S3_ENDPOINT", "minio"],
    ["HEADGATE_S3_PATH_STYLE", "TRUE"],
    ["HEADGATE_FILES_ROOT", "data"],
    ["HEADGATE_SLOTS", "0"],
    ["HEADGATE_SLOTS", "2.5"],
    ["HEADGATE_SLOTS", "many"],
    ["HEADGATE_SLOT_WINDOW_SECONDS", "86401"],
    ["HEADGATE_RESERVE_SLOTS", "-1"],
    ["HEADGATE_RESERVE_SLOTS", "20"],
    ["HEADGATE_PERMITS", "0"],
    ["HEADGATE_RESERVE_PERMITS", "5"],
    ["HEADGATE_ONE_BULK_JOB_PER_OBJECT", "no"],
    ["HEADGATE_POLL_MIN_MS", "99"],
    ["HEADGATE_POLL_MAX_MS", "2999"],
    ["HEADGATE_ON_UNKNOWN_UPLOAD", "retry"],
    ["HEADGATE_REAP_FOREIGN", "maybe"],
  ])("where %s is %j", (name, value) => {
    expect(namesOf({ ...minimal, [name]: value })).toEqual([name]);
  });

  it("together with all others", () => {
    const shape = { HEADGATE_SLOTS: "0", HEADGATE_LOG_LEVEL: "loud", HEADGATE_USER: "" };
    expect(namesOf({ ...minimal, ...shape })).toEqual([
      "HEADGATE_LOG_LEVEL",
      "HEADGATE_USER",
      "HEADGATE_SLOTS",
    ]);
    const sense = {
      HEADGATE_RESERVE_SLOTS: "20",
      HEADGATE_RESERVE_PERMITS: "5",
      HEADGATE_POLL_MAX_MS: "2000",
      HEADGATE_CA_FILE: "/nowhere/ca.pem",
      HEADGATE_SCHEMAS: "crm=/nowhere/crm.yaml",
    };
    expect(faultsOf({ ...minimal, ...sense })).toEqual([
      "HEADGATE_RESERVE_SLOTS: must be less than HEADGATE_SLOTS, 20",
      "HEADGATE_RESERVE_PERMITS: must be less than HEADGATE_PERMITS, 5",
      "HEADGATE_POLL_MAX_MS: must be at least HEADGATE_POLL_MIN_MS, 3000",
      "HEADGATE_CA_FILE: /nowhere/ca.pem cannot be read (ENOENT)",
      "HEADGATE_SCHEMAS: /nowhere/crm.yaml cannot be read (ENOENT)",
    ]);
  });
});

describe("secrets", () => {
  it("never stand in a message", () => {
    const faulty = {
      ...minimal,
      HEADGATE_REDIS_URL: "http://:password-canary@redis",
      HEADGATE_SLOTS: "x",
    };
    const text = faultsOf(faulty).join("\n");
    expect(text).not.toContain("canary");
  });

  it("of the Redis URL print as ***", () => {
    const config = readWorkerConfig({ ...minimal, HEADGATE_REDIS_URL: "redis://:canary@r:6379" });
    expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toContain("canary@r");
  });
});
