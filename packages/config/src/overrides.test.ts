import { describe, expect, it } from "vitest";
import { configFolder, faultsOf, minimal } from "./config-folder.test-support.ts";
import { loadConfig } from "./load-config.ts";
import type { Environment } from "./overrides.ts";

const text = `${minimal}
clients:
  big-etl: { scopes: [read] }
`;

function load(environment: Environment) {
  return loadConfig({ path: configFolder().write("headgate.yaml", text), environment });
}

function faults(environment: Environment): readonly string[] {
  return faultsOf({ path: configFolder().write("headgate.yaml", text), environment });
}

describe("a variable sets the setting at its path", () => {
  it.each<[string, string, (config: ReturnType<typeof load>["config"]) => unknown, unknown]>([
    ["HEADGATE__REDIS__PREFIX", "hg", ({ redis }) => redis.prefix, "hg"],
    ["HEADGATE__REDIS__URL", "redis://:p@r", ({ redis }) => redis.url.reveal(), "redis://:p@r"],
    ["HEADGATE_REDIS_URL", "rediss://r", ({ redis }) => redis.url.reveal(), "rediss://r"],
    ["HEADGATE__API__PORT", "9000", ({ api }) => api.port, 9000],
    ["HEADGATE__redis__Allow_Volatile", "true", ({ redis }) => redis.allowVolatile, true],
    ["HEADGATE__REDIS__ALLOWVOLATILE", "true", ({ redis }) => redis.allowVolatile, true],
    [
      "HEADGATE__SOURCES__S3__BUCKETS",
      '["a", "b/c/"]',
      ({ sources }) => sources.s3.buckets,
      ["a", "b/c/"],
    ],
    ["HEADGATE__CONNECTIONS__DEFAULT__USER", "5", (c) => c.connections.default?.user, "5"],
    ["HEADGATE__CONNECTIONS__DEFAULT__KEY_FILE", "/k", (c) => c.connections.default?.keyFile, "/k"],
    [
      "HEADGATE__CONNECTIONS__DEFAULT__LIMITS",
      "{ slots: 7 }",
      (c) => c.connections.default?.limits.slots,
      7,
    ],
    ["HEADGATE__CLIENTS__BIG_ETL__SUBJECT", "x", (c) => c.clients["big-etl"]?.subject, "x"],
    ["HEADGATE__CLIENTS__BIG_ETL__SUBJECT", "x", (c) => c.clients["big-etl"]?.scopes, ["read"]],
    ["HEADGATE__CLIENTS__NEW_ONE__SUBJECT", "x", (c) => c.clients["new-one"]?.subject, "x"],
    ["HEADGATE__CLIENTS", "{}", ({ clients }) => clients, {}],
  ])("%s=%s", (variable, value, setting, expected) => {
    expect(setting(load({ [variable]: value }).config)).toEqual(expected);
  });

  it("and a longer path goes over a shorter one", () => {
    const { redis } = load({
      HEADGATE__REDIS: "{ prefix: a, allowVolatile: true }",
      HEADGATE__REDIS__PREFIX: "b",
    }).config;
    expect(redis).toMatchObject({ prefix: "b", allowVolatile: true });
  });

  it("unless it is empty", () => {
    expect(load({ HEADGATE__REDIS__PREFIX: "", HEADGATE_REDIS_URL: "" }).config.redis.prefix).toBe(
      "headgate",
    );
  });

  it("and a relative path in it begins at the working folder", () => {
    const { config } = load({ HEADGATE__SOURCES__FILES_ROOT: "data" });
    expect(config.sources.filesRoot).toBe(`${process.cwd()}/data`);
  });

  it("and others are left alone", () => {
    expect(
      load({ HEADGATE_USER: "x", HEADGATE_: "x", PATH: "/bin", HEADGATE_X__Y: "z" }).config.redis
        .prefix,
    ).toBe("headgate");
  });
});

describe("a variable that ends in _FILE", () => {
  it("sets the text of the file", () => {
    const folder = configFolder();
    const file = folder.write("secret", "redis://:canary@r\n");
    const { config } = load({
      HEADGATE_REDIS_URL_FILE: file,
      HEADGATE__CONNECTIONS__DEFAULT__CONSUMER_KEY_FILE: folder.write("key", "app2\n"),
      HEADGATE__REDIS__PREFIX_FILE: folder.write("prefix", "hg2"),
    });
    expect(config.redis.url.reveal()).toBe("redis://:canary@r");
    expect(config.redis.prefix).toBe("hg2");
  });

  it.each<[string, Environment, string]>([
    [
      "is not there",
      { HEADGATE_REDIS_URL_FILE: "/nowhere/x" },
      "HEADGATE_REDIS_URL_FILE names a file that cannot be read: /nowhere/x (ENOENT)",
    ],
    [
      "is a folder",
      { HEADGATE_REDIS_URL_FILE: "/" },
      "HEADGATE_REDIS_URL_FILE names a file that cannot be read: / (not a file)",
    ],
    [
      "is a device",
      { HEADGATE_REDIS_URL_FILE: "/dev/zero" },
      "HEADGATE_REDIS_URL_FILE names a file that cannot be read: /dev/zero (not a file)",
    ],
    [
      "is for what takes no text",
      { HEADGATE__API__PORT_FILE: "/x" },
      "HEADGATE__API__PORT_FILE api.port takes no text that a file could hold",
    ],
  ])("is refused where its file %s", (_what, environment, fault) => {
    expect(faults(environment)).toEqual([fault]);
  });
});

it("refuses a file and a value for the same setting", () => {
  const file = configFolder().write("url", "redis://r");
  expect(faults({ HEADGATE_REDIS_URL_FILE: file, HEADGATE__REDIS__URL: "redis://r" })).toEqual([
    "HEADGATE__REDIS__URL sets the same as HEADGATE_REDIS_URL_FILE",
  ]);
});

describe("a variable is refused, by its name,", () => {
  it.each<[string, string, string]>([
    [
      "HEADGATE__REDIS__URLS",
      "x",
      'HEADGATE__REDIS__URLS names no setting: redis has no "URLS"; there are url, prefix, allowVolatile',
    ],
    [
      "HEADGATE__REDIS__URL__X",
      "x",
      'HEADGATE__REDIS__URL__X names no setting: redis.url has no "X"; there are file',
    ],
    [
      "HEADGATE__REDIS__PREFIX__X",
      "x",
      'HEADGATE__REDIS__PREFIX__X names no setting: redis.prefix has no "X"; it is set as a whole',
    ],
    ["HEADGATE__", "x", 'HEADGATE__ names no setting: headgate.yaml has no ""'],
    [
      "HEADGATE__CLIENTS____SUBJECT",
      "x",
      'HEADGATE__CLIENTS____SUBJECT names no setting: clients has no ""',
    ],
    ["HEADGATE____PROTO____X", "x", "HEADGATE____PROTO____X names no setting"],
    [
      "HEADGATE__SOURCES__S3__BUCKETS__0",
      "x",
      'HEADGATE__SOURCES__S3__BUCKETS__0 names no setting: sources.s3.buckets has no "0"; it is set as a whole',
    ],
    ["HEADGATE__API__PORT", "[", "HEADGATE__API__PORT is not YAML"],
    [
      "HEADGATE__API__PORT",
      "70000",
      "HEADGATE__API__PORT api.port: must be at most 65535 (seen: 70000)",
    ],
    [
      "HEADGATE__API__PORT",
      "80 80",
      'HEADGATE__API__PORT api.port: must be a number (seen: "80 80")',
    ],
    ["HEADGATE__LOG_LEVEL", "loud", "HEADGATE__LOG_LEVEL logLevel: must be one of trace"],
    ["HEADGATE__REDIS", "{ x: 1 }", "HEADGATE__REDIS redis.x: is not a setting"],
    [
      "HEADGATE__REDIS",
      "redis://:canary@r",
      "HEADGATE__REDIS redis: must be a mapping (key: value) (seen: text)",
    ],
    ["HEADGATE__CLIENTS__BAD!__SUBJECT", "x", "clients.bad!: a name must be"],
  ])("%s=%s", (variable, value, fault) => {
    expect(faults({ [variable]: value })).toEqual([expect.stringContaining(fault)]);
  });

  it("where it may mean two names of the file", () => {
    const path = configFolder().write("headgate.yaml", `${minimal}clients: { a-b: {}, ab: {} }\n`);
    expect(faultsOf({ path, environment: { HEADGATE__CLIENTS__AB__SUBJECT: "x" } })).toEqual([
      'HEADGATE__CLIENTS__AB__SUBJECT "AB" may mean a-b or ab',
    ]);
  });
});
