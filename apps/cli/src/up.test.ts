/** `headgate up` and commands beside it, as real processes. */
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { killLeftHeadgates } from "./headgate.test-support.ts";
import { emulated, makeWorkplace, ready, type Workplace } from "./up.test-support.ts";

let place: Workplace;
beforeEach(() => {
  place = makeWorkplace();
});
afterEach(() => {
  killLeftHeadgates();
  place.remove();
});

const into = ["--to", "crm/orders", "--operation", "upsert", "--wait", "--json"];

async function refused(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const outcome = await new Promise((resolve) => {
    socket.once("connect", () => resolve("connected")).once("error", () => resolve("refused"));
  });
  socket.destroy();
  return outcome === "refused";
}

test("local files and standard input are loaded without a tenant, and SIGTERM ends all", async () => {
  const up = place.startUp();
  const { emulators, cliFile, redis } = await ready(up);
  expect(redis).toBe("private");
  expect(statSync(cliFile).mode & 0o777).toBe(0o600);

  const file = await place.headgate(["load", "orders.csv", ...into]);
  expect(file).toMatchObject({ code: 0 });
  expect(JSON.parse(file.stdout)).toMatchObject({ state: "complete", records: { settled: 2 } });
  const input = await place.headgate(["load", "-", ...into], "id,amount\n3,1\n");
  expect(input).toMatchObject({ code: 0 });
  const onDisk = await place.headgate(["load", `file://${place.folder}/orders.csv`, ...into]);
  expect(onDisk).toMatchObject({ code: 0 });
  const state = await (await fetch(`${emulators.default}/__emulator/state`)).json();
  expect(state).toMatchObject({ objects: [{ sourceName: "crm", object: "orders", keysHeld: 3 }] });

  const port = Number(
    /^port (\d+)/m.exec(readFileSync(join(place.data, "redis/redis.conf"), "utf8"))?.[1],
  );
  expect(await refused(port)).toBe(false);
  up.child.kill("SIGTERM");
  expect((await up.ended).code).toBe(0);
  expect(await refused(port)).toBe(true);
}, 60_000);

test("what was stored is there again after SIGKILL, with the same key", async () => {
  const first = place.startUp();
  await ready(first);
  const { stdout } = await place.headgate(["load", "orders.csv", ...into]);
  const key = JSON.parse(readFileSync(join(place.data, "cli.json"), "utf8")).apiKey;
  first.child.kill("SIGKILL");
  await first.ended;

  const second = place.startUp();
  await ready(second);
  expect(JSON.parse(readFileSync(join(place.data, "cli.json"), "utf8")).apiKey).toBe(key);
  const status = await place.headgate(["status", "--last", "--json"]);
  expect(JSON.parse(status.stdout)).toMatchObject({
    id: JSON.parse(stdout).id,
    state: "complete",
  });
  second.child.kill("SIGINT");
  expect((await second.ended).code).toBe(0);
}, 60_000);

test("a wait goes on over SIGKILL and a new start, and no record is lost", async () => {
  const first = place.startUp();
  const { port } = new URL((await ready(first)).apiUrl);
  const load = place.start(["load", "orders.csv", ...into]);
  const said: string[] = [];
  load.child.stderr?.on("data", (text) => said.push(String(text)));
  while (!said.join("").includes("  load default."))
    await once(load.child.stderr ?? load.child, "data");
  first.child.kill("SIGKILL");
  await first.ended;
  const { emulators } = await ready(place.startUp([...emulated.slice(0, -1), port]));
  const { code, stdout } = await load.ended;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ state: "complete", records: { settled: 2 } });
  const state = await (await fetch(`${emulators.default}/__emulator/state`)).json();
  expect(state).toMatchObject({ objects: [{ keysHeld: 2 }] });
}, 120_000);

test("a second one on the same folder is refused, and leaves the first alone", async () => {
  const first = place.startUp();
  await ready(first);
  const second = await place.startUp().ended;
  expect(second).toMatchObject({ code: 2, stdout: "" });
  expect(second.stderr).toContain(`process ${first.child.pid}`);
  expect(await place.headgate(["quota"])).toMatchObject({ code: 0 });
}, 60_000);

test("a plan tells what preflight finds and exits 5, and the findings are had as CSV", async () => {
  await ready(place.startUp());
  writeFileSync(join(place.folder, "bad.csv"), "id,amount\n1,much\n,2\n");
  const csv = join(place.folder, "findings.csv");
  const plan = ["plan", "bad.csv", "--to", "crm/orders", "--operation", "upsert", "--csv", csv];
  const { code, stdout } = await place.headgate([...plan, "--json"]);
  expect(code).toBe(5);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    findings: { counts: { value_number: 1, key_empty: 1 } },
  });
  expect(readFileSync(csv, "utf8")).toMatch(/bad\.csv,2,amount,value_number,,\r\n/);
  const load = await place.headgate(["load", "bad.csv", ...into]);
  expect(load.code).toBe(5);
  const findings = await place.headgate(["findings", JSON.parse(load.stdout).id]);
  expect(findings.stdout).toContain("value_number");
  expect(await place.headgate(["quota", "--json"])).toMatchObject({
    stdout: expect.stringContaining('"used":0'),
  });
}, 60_000);

test("watching a load shows its events and ends with it", async () => {
  await ready(place.startUp());
  const brought = await place.headgate(["load", "orders.csv", ...into.slice(0, 4), "--json"]);
  const { id } = JSON.parse(brought.stdout);
  const { code, stdout } = await place.headgate(["watch", "--last", "--after", "0-0", "--json"]);
  expect(code).toBe(0);
  const types = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .map((event) => [event.type, event.data.loadId]);
  expect(types[0]).toEqual(["load.accepted", id]);
  expect(types).toContainEqual(["load.planned", id]);
  expect(types.at(-1)).toEqual(["load.ended", id]);
  const afterwards = await place.headgate(["watch", id, "--after", "0-0", "--json"]);
  expect(afterwards).toMatchObject({ code: 0, stdout });
}, 60_000);

test("a Redis that is named is used, and no private one is started", async () => {
  const prefix = `up-${process.pid}`;
  const up = place.startUp(emulated, {
    HEADGATE_REDIS_URL: inject("redisUrl"),
    HEADGATE__REDIS__PREFIX: prefix,
    HEADGATE__REDIS__ALLOW_VOLATILE: "true",
  });
  expect((await ready(up)).redis).toBe("given");
  expect(() => statSync(join(place.data, "redis/redis.conf"))).toThrow("ENOENT");
  expect(await place.headgate(["quota"])).toMatchObject({ code: 0 });
}, 60_000);

test("ends with 1 where the port is taken, and says which", async () => {
  const first = place.startUp();
  const { port } = new URL((await ready(first)).apiUrl);
  const args = [...emulated.slice(0, -1), port, "--data", join(place.folder, "other")];
  const { code, stdout, stderr } = await place.startUp(args).ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(port);
  expect(stderr).not.toContain("    at ");
  expect(readdirSync(place.folder)).not.toContain("other");
}, 60_000);

test.each([
  ["a schema file is missing", [...emulated.slice(0, 2), "crm=none.yaml"], {}, "none.yaml"],
  ["a schema is none", [...emulated.slice(0, 2), "crm=orders.csv"], {}, "orders.csv"],
  ["a setting is wrong", emulated, { HEADGATE__API__PORT: "high" }, "HEADGATE__API__PORT"],
  ["no connection is configured", [], {}, "connections"],
])(
  "ends with 2 and leaves nothing behind where %s",
  async (_, args, environment, named) => {
    const { code, stdout, stderr } = await place.startUp(args, environment).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(named);
    expect(readdirSync(place.folder).toSorted()).toEqual(["crm.yaml", "orders.csv"]);
  },
  60_000,
);

test("ends with 1 when its private Redis dies", async () => {
  const up = place.startUp();
  await ready(up);
  const config = readFileSync(join(place.data, "redis/redis.conf"), "utf8");
  const port = Number(/^port (\d+)/m.exec(config)?.[1]);
  const socket = connect(port, "127.0.0.1");
  socket.write(`AUTH ${/^requirepass (\S+)/m.exec(config)?.[1]}\r\nSHUTDOWN NOSAVE\r\n`);
  const { code, stderr } = await up.ended;
  expect(code).toBe(1);
  expect(stderr).toContain("redis.log");
}, 60_000);
