import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { configFolder, faultsIn, faultsOf, minimal } from "./config-folder.test-support.ts";
import { loadConfig } from "./load-config.ts";
import { signingKeysOf } from "./loaded-config.ts";
import type { Environment } from "./overrides.ts";

const crm = `openapi: 3.0.3
components:
  schemas:
    orders:
      type: object
      properties:
        id: { type: string }
        note: { type: string }
`;

describe("loadConfig", () => {
  it("fills in the defaults of all that is not set", () => {
    const folder = configFolder();
    const { config, catalogues, logins, clients, path } = loadConfig({
      path: folder.write("headgate.yaml", minimal),
    });
    expect(path).toBe(join(folder.path, "headgate.yaml"));
    expect(config).toMatchObject({
      redis: { prefix: "headgate", allowVolatile: false },
      connections: {
        default: {
          loginUrl: "https://login.salesforce.com",
          user: "loader@example.com",
          keyFile: join(folder.path, "key.pem"),
          allowedHosts: ["salesforce.com"],
          allowLoopback: false,
          limits: { slots: 20, windowSeconds: 3600, permits: 5, reserveSlots: 0 },
          polling: { minMs: 3000, maxMs: 15_000 },
        },
      },
      sources: { s3: {} },
      preflight: { policy: "refuse", values: true, duplicates: false },
      schedules: {},
      clients: {},
      api: { host: "127.0.0.1", port: 8080 },
      worker: { streamIntake: true, planConcurrency: 2, drainSeconds: 25, stopSeconds: 30 },
      retention: { days: 30, uploadDays: 7 },
      logLevel: "info",
    });
    expect(config.redis.url.reveal()).toBe("redis://127.0.0.1:6379");
    expect(catalogues).toEqual(new Map([["default", new Map([["crm", "unchecked"]])]]));
    expect(logins.get("default")?.consumerKey.reveal()).toBe("app");
    expect(clients).toEqual(new Map());
  });

  it("reads the file that HEADGATE_CONFIG names, and one given by the caller before that", () => {
    const folder = configFolder();
    const one = folder.write("one.yaml", `${minimal}logLevel: debug\n`);
    const other = folder.write("other.yaml", `${minimal}logLevel: warn\n`);
    const environment = { HEADGATE_CONFIG: one };
    expect(loadConfig({ environment }).config.logLevel).toBe("debug");
    expect(loadConfig({ environment, path: other }).config.logLevel).toBe("warn");
  });

  it("needs no file where the environment says all", () => {
    const environment = {
      HEADGATE__CONNECTIONS: JSON.stringify({
        default: {
          consumerKey: "app",
          user: "u",
          keyFile: "/k",
          connectors: { crm: { schema: "none" } },
        },
      }),
    };
    expect(loadConfig({ environment }).config.connections.default?.user).toBe("u");
    expect(loadConfig({ environment }).path).toBeUndefined();
    expect(faultsOf({})).toEqual(["environment connections: must be set"]);
  });

  it.each([
    ["nowhere.yaml", "ENOENT"],
    [".", "not a file"],
  ])("says that it cannot read %s", (name, why) => {
    const { path } = configFolder();
    expect(faultsOf({ path: join(path, name) })).toEqual([
      expect.stringContaining(`cannot be read (${why})`),
    ]);
  });

  it("takes relative paths from the file's folder, also of a file that is a link", () => {
    const folder = configFolder();
    mkdirSync(join(folder.path, "etc"));
    const file = folder.write("headgate.yaml", `${minimal}sources: { filesRoot: data }\n`);
    symlinkSync(file, join(folder.path, "etc/headgate.yaml"));
    const { config } = loadConfig({ path: join(folder.path, "etc/headgate.yaml") });
    expect(config.sources.filesRoot).toBe(join(folder.path, "etc/data"));
  });

  it("gives clients with their hashes, expiry and rights", () => {
    const hash = `sha256:${"0a".repeat(32)}`;
    const { clients } = loadConfig({
      path: configFolder().write(
        "headgate.yaml",
        `${minimal}
clients:
  airflow:
    keys: [{ hash: "${hash}", expires: 2027-01-31T00:00:00Z }]
    subject: airflow@example.com
    scopes: [enqueue, read]
    connections: [default]
    sources: [s3://exports/, file:///data/in/]
    limits: { pendingLoads: 5 }
`,
      ),
    });
    expect(clients.get("airflow")).toEqual({
      access: {
        name: "airflow",
        scopes: ["enqueue", "read"],
        connections: ["default"],
        sources: ["s3://exports/", "file:///data/in/"],
        limits: { requestsPerMinute: 600, pendingLoads: 5 },
      },
      keys: [{ sha256: Buffer.alloc(32, 10), expires: Date.UTC(2027, 0, 31) }],
      subject: "airflow@example.com",
    });
  });

  it("puts an object's preflight over the general one, setting by setting", () => {
    const folder = configFolder();
    folder.write("crm.yaml", crm);
    const text = `${minimal.replace("{ schema: none }", "{ schema: crm.yaml, objects: { orders: { preflight: { policy: warn } } } }")}preflight: { duplicates: true }\n`;
    const { preflightOf } = loadConfig({ path: folder.write("headgate.yaml", text) });
    expect(preflightOf("default", "crm", "orders")).toEqual({
      policy: "warn",
      values: true,
      duplicates: true,
    });
    expect(preflightOf("default", "crm", "other")).toEqual({
      policy: "refuse",
      values: true,
      duplicates: true,
    });
    expect(preflightOf("none", "constructor", "toString")).toEqual({
      policy: "refuse",
      values: true,
      duplicates: true,
    });
  });

  it("reads connector schemas and gives objects another primary key", () => {
    const folder = configFolder();
    folder.write("crm.yaml", crm);
    const text = minimal.replace(
      "schema: none",
      "schema: crm.yaml, objects: { orders: { primaryKey: note } }",
    );
    const { catalogues } = loadConfig({ path: folder.write("headgate.yaml", text) });
    expect(catalogues.get("default")?.get("crm")).toEqual(
      new Map([
        [
          "orders",
          {
            name: "orders",
            primaryKey: "note",
            fields: [
              { name: "id", type: "text" },
              { name: "note", type: "text" },
            ],
          },
        ],
      ]),
    );
  });

  it("leaves what connections have in files unread for those who need names only", () => {
    const text = minimal
      .replace("app", "{ file: /run/secrets/not-here }")
      .replace("none", "not-here.yaml");
    const path = configFolder().write("headgate.yaml", text);
    const loaded = loadConfig({ path, connectionFiles: false });
    expect(Object.keys(loaded.config.connections)).toEqual(["default"]);
    expect([loaded.catalogues.size, loaded.logins.size]).toEqual([0, 0]);
    expect(faultsOf({ path })).toHaveLength(2);
  });
});

describe("secrets", () => {
  const canary = "canary-5a7c";

  it.each([
    `redis: { url: "http://:${canary}@redis" }`,
    `redis: { url: ["redis://:${canary}@redis"] }`,
    `redis: "redis://:${canary}@redis"`,
    `redis: { urll: "redis://:${canary}@redis" }`,
    `redis: { url: { flie: "redis://:${canary}@redis" } }`,
    `redis: { url: "redis://:${canary}@redis`,
    `redis: { url: redis://:${canary}@redis: x }`,
    `redis: { signingKey: ${canary} }`,
    `redis: { acceptedKeys: ["${canary}", 5] }`,
    `sources: { s3: { endpoint: "ftp://user:${canary}@minio" } }`,
    `connections: { default: { consumerKey: [${canary}], user: 1 } }`,
    `connections: { default: { consumerKey: "a ${canary}", user: 1 } }`,
  ])("never stand in a fault: %s", (line) => {
    const text = line.startsWith("connections") ? line : `${minimal}${line}\n`;
    const faults = faultsIn(text);
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.join("\n")).not.toContain(canary);
  });

  it("print as ***, and come from files", () => {
    const folder = configFolder();
    folder.write("url", `redis://:${canary}@redis\n`);
    folder.write("app", `${canary}\n`);
    const text = `${minimal.replace("consumerKey: app", "consumerKey: { file: app }")}redis: { url: { file: url } }\n`;
    const loaded = loadConfig({ path: folder.write("headgate.yaml", text) });
    expect(loaded.config.redis.url.reveal()).toBe(`redis://:${canary}@redis`);
    expect(loaded.logins.get("default")?.consumerKey.reveal()).toBe(canary);
    expect(inspect(loaded, { depth: 9 }) + JSON.stringify(loaded)).not.toContain(canary);
  });

  it("that seal records come from settings, files and the environment, the signing one first", () => {
    const folder = configFolder();
    const [one, two, three] = ["1", "2", "3"].map((digit) => `${canary}${digit.repeat(32)}`);
    folder.write("two", `${two}\n`);
    const path = folder.write(
      "headgate.yaml",
      `${minimal}redis: { signingKey: ${one}, acceptedKeys: [{ file: two }] }\n`,
    );
    const keysIn = (environment: Environment) => {
      const loaded = loadConfig({ path, environment });
      expect(inspect(loaded, { depth: 9 }) + JSON.stringify(loaded)).not.toContain(canary);
      return signingKeysOf(loaded.config.redis).map((key) => key.reveal());
    };
    expect(keysIn({})).toEqual([one, two]);
    expect(keysIn({ HEADGATE__REDIS__SIGNING_KEY: three })).toEqual([three, two]);
    const file = folder.write("three", `${three}\n`);
    expect(keysIn({ HEADGATE__REDIS__SIGNING_KEY_FILE: file })).toEqual([three, two]);
    folder.write("two", "short");
    expect(faultsOf({ path })).toEqual([
      expect.stringMatching(/redis.acceptedKeys.0.file: must be 32 characters or longer/),
    ]);
  });

  it("print as *** where they stand in headgate.yaml itself", () => {
    const text = `${minimal.replace("consumerKey: app", `consumerKey: ${canary}`)}redis: { url: "redis://:${canary}@r" }\n`;
    const loaded = loadConfig({ path: configFolder().write("headgate.yaml", text) });
    expect(inspect(loaded, { depth: 9 }) + JSON.stringify(loaded)).not.toContain(canary);
  });
});
