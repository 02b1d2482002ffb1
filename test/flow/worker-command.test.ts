/** The shipped command as its users meet it: flags, sockets, quiet logs, and a file that changes. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startPrivateRedis } from "@headgate/standalone/redis";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { orders, schema } from "./csv.ts";
import { type Rig, startRig } from "./rig.ts";

const script = fileURLToPath(new URL("../../apps/worker/src/main.ts", import.meta.url));
const run = (...args: readonly string[]) =>
  promisify(execFile)(process.execPath, ["--conditions=@headgate/source", script, ...args], {
    env: {},
  });

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ schemas: { crm: schema }, workers: 0 });
});
afterAll(() => rig.close());

it("tells its version and how it is used, without any configuration", async () => {
  expect((await run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const { stdout } = await run("--help");
  for (const word of ["HEADGATE_CONFIG", "SIGHUP", "--version"]) expect(stdout).toContain(word);
});

it.each([["--hepl"], ["nightly"]])("refuses %s with exit code 2", async (arg) => {
  await expect(run(arg)).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(new RegExp(`^headgate-worker: .*${arg}`)),
  });
});

it("takes over what it can of a changed file, and says what needs a restart or is wrong", async () => {
  const path = join(rig.configFile, "../changing.yaml");
  const config = JSON.parse(await readFile(rig.configFile, "utf8"));
  const write = (changes: object) => writeFile(path, JSON.stringify({ ...config, ...changes }));
  await write({});
  const worker = rig.startProcess("shipped", { HEADGATE_CONFIG: path });
  await worker.ready;
  const logged = (msg: string) => rig.event(({ type }) => String(type) === msg);

  await write({ clients: { other: {} } });
  worker.kill("SIGHUP");
  expect(await logged("config.changed")).toMatchObject({ applied: ["clients"] });
  const { id } = await rig.enqueue({ ...orders, source: { uri: "s3://exports/a.csv" } });
  expect(await rig.ended(id)).toMatchObject({ reason: { code: "client_forbidden" } });

  await write({ clients: { other: {} }, retention: { days: 1 } });
  expect(await logged("config.needs-restart")).toMatchObject({ settings: ["retention.days"] });
  await write({ clients: { Other: {} } });
  expect(await logged("config.faulty")).toMatchObject({
    message: expect.stringMatching(/changing\.yaml:1:\d+ clients\.Other: a name must be/),
  });
  worker.kill("SIGTERM");
  expect(await worker.ended).toEqual({ code: 0, signal: null, stderr: "" });
});

it("reaches Redis by a socket of the file system", async () => {
  const server = await startPrivateRedis();
  onTestFinished(server.close);
  const { port, username, password } = new URL(server.url);
  const socket = join(rig.configFile, "../redis.sock");
  const proxy = createServer((client) => {
    client.pipe(connect(Number(port), "127.0.0.1")).pipe(client);
    client.on("error", () => undefined);
  }).listen(socket);
  onTestFinished(() => void proxy.close());
  await once(proxy, "listening");
  const worker = rig.startProcess("shipped", {
    HEADGATE_REDIS_URL: `unix://${username}:${password}@localhost${socket}`,
  });
  await worker.ready;
  worker.kill("SIGTERM");
  expect(await worker.ended).toEqual({ code: 0, signal: null, stderr: "" });
});
