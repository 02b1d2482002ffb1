import { renameSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { BulkError } from "@headgate/core";
import { expect, it, onTestFinished } from "vitest";
import type { ConfigChanges } from "./changed-settings.ts";
import { type ConfigFolder, configFolder, minimal } from "./config-folder.test-support.ts";
import { loadConfig } from "./load-config.ts";
import type { LoadedConfig } from "./loaded-config.ts";
import { watchConfig } from "./watch-config.ts";

type Told =
  | { readonly kind: "change"; readonly next: LoadedConfig; readonly changes: ConfigChanges }
  | { readonly kind: "fault"; readonly error: BulkError };

/** A watch over a file, and what it tells, one at a time. */
function watched(path: string) {
  const stop = new AbortController();
  const told: Told[] = [];
  let waiter = Promise.withResolvers<void>();
  const tell = (news: Told): void => {
    told.push(news);
    waiter.resolve();
  };
  const watch = watchConfig(loadConfig({ path }), {
    signal: stop.signal,
    everyMs: 5,
    onChange: (next, changes) => tell({ kind: "change", next, changes }),
    onFault: (error) => tell({ kind: "fault", error }),
  });
  onTestFinished(async () => {
    stop.abort();
    await watch.ended;
  });
  return {
    watch,
    told,
    async next(): Promise<Told> {
      for (;;) {
        const news = told.shift();
        if (news !== undefined) return news;
        await waiter.promise;
        waiter = Promise.withResolvers();
      }
    },
  };
}

const withLevel = (level: string): string => `${minimal}logLevel: ${level}\n`;

function start(folder: ConfigFolder) {
  const path = folder.write("headgate.yaml", withLevel("info"));
  return { path, ...watched(path) };
}

it("tells of a file that repeats itself for ever, and goes on with what was loaded", async () => {
  const folder = configFolder();
  const { next } = start(folder);
  folder.write("headgate.yaml", `${withLevel("debug")}clients: &a { b: *a }\n`);
  expect(await next()).toMatchObject({ kind: "fault", error: { code: "ERR_CONFIG" } });
  folder.write("headgate.yaml", withLevel("debug"));
  expect(await next()).toMatchObject({ kind: "change", changes: { applied: ["logLevel"] } });
});

it("takes over schedules, clients, preflight and log level, and leaves the rest for a restart", async () => {
  const folder = configFolder();
  const { next } = start(folder);
  folder.write(
    "headgate.yaml",
    `${withLevel("debug").replace("user: loader@example.com", "user: other\n    limits: { slots: 7 }")}
redis: { url: "redis://:canary@other" }
preflight: { policy: warn }
clients: { airflow: { scopes: [read] } }
schedules: { n: { cron: "0 2 * * *", targets: [{ sourceName: crm, object: o, source: { uri: "s3://bucket/k" } }] } }
`,
  );
  const news = await next();
  expect(news).toMatchObject({
    kind: "change",
    changes: {
      applied: ["schedules", "clients", "preflight", "logLevel"],
      needRestart: ["redis.url", "connections.default.user", "connections.default.limits.slots"],
    },
    next: {
      config: {
        logLevel: "debug",
        preflight: { policy: "warn" },
        schedules: { n: { cron: "0 2 * * *" } },
        connections: { default: { user: "loader@example.com", limits: { slots: 20 } } },
      },
    },
  });
  if (news.kind !== "change") throw new Error("no change was told");
  expect(news.next.clients.get("airflow")?.access.scopes).toEqual(["read"]);
  expect(news.next.preflightOf("default", "crm", "o").policy).toBe("warn");
  expect(news.next.config.redis.url.reveal()).toBe("redis://127.0.0.1:6379");
});

it("sees a file that an editor puts in the place of the old one", async () => {
  const folder = configFolder();
  const { path, next } = start(folder);
  renameSync(folder.write("headgate.yaml.new", withLevel("warn")), path);
  expect(await next()).toMatchObject({ next: { config: { logLevel: "warn" } } });
  unlinkSync(path);
  expect(await next()).toMatchObject({
    kind: "fault",
    error: { code: "ERR_CONFIG", message: expect.stringContaining("ENOENT") },
  });
  folder.write("headgate.yaml", withLevel("error"));
  expect(await next()).toMatchObject({ next: { config: { logLevel: "error" } } });
});

it("sees a mount that turns a link to another folder, as Kubernetes does", async () => {
  const one = configFolder();
  const other = configFolder();
  const mount = configFolder();
  one.write("headgate.yaml", withLevel("info"));
  other.write("headgate.yaml", withLevel("warn"));
  symlinkSync(one.path, join(mount.path, "..data"));
  symlinkSync("..data/headgate.yaml", join(mount.path, "headgate.yaml"));
  const { next } = watched(join(mount.path, "headgate.yaml"));
  symlinkSync(other.path, join(mount.path, "..next"));
  renameSync(join(mount.path, "..next"), join(mount.path, "..data"));
  expect(await next()).toMatchObject({ next: { config: { logLevel: "warn" } } });
});

it("keeps the old configuration while the file is wrong", async () => {
  const folder = configFolder();
  const { next } = start(folder);
  folder.write("headgate.yaml", withLevel("loud"));
  expect(await next()).toMatchObject({
    kind: "fault",
    error: { message: expect.stringMatching(/headgate.yaml:9:1 logLevel: must be one of/) },
  });
  folder.write("headgate.yaml", withLevel("debug"));
  expect(await next()).toMatchObject({ kind: "change", changes: { applied: ["logLevel"] } });
});

it("refuses a schedule of a connection that only a restart would bring", async () => {
  const folder = configFolder();
  const { next } = start(folder);
  const emea = minimal.replace("connections:", "").replace("default:", "emea:");
  folder.write(
    "headgate.yaml",
    `${minimal}${emea}schedules: { n: { connection: emea, cron: "0 2 * * *", targets: [{ sourceName: crm, object: o, source: { uri: "s3://bucket/k" } }] } }\n`,
  );
  expect(await next()).toMatchObject({
    kind: "fault",
    error: { message: expect.stringMatching(/needs a restart.*schedules\.n\.connection.*"emea"/) },
  });
});

it("says nothing of a change that changes no setting", () => {
  const folder = configFolder();
  const { watch, told } = start(folder);
  folder.write("headgate.yaml", `# a comment\n${withLevel("info")}`);
  watch.reload();
  expect(told).toEqual([]);
});

it("reads at once where it is told to, as on SIGHUP", () => {
  const folder = configFolder();
  const { watch, told } = start(folder);
  folder.write("headgate.yaml", withLevel("warn"));
  watch.reload();
  expect(told).toMatchObject([
    { kind: "change", changes: { applied: ["logLevel"], needRestart: [] } },
  ]);
});

it("has nothing to watch without a file", async () => {
  const environment = {
    HEADGATE__CONNECTIONS:
      "{ default: { consumerKey: a, user: u, keyFile: k, connectors: { crm: { schema: none } } } }",
  };
  const watch = watchConfig(loadConfig({ environment }), {
    signal: new AbortController().signal,
    onChange: () => undefined,
    onFault: () => undefined,
  });
  await watch.ended;
  watch.reload();
});
