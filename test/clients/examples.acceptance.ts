/** Each program of examples/ brings, follows and cancels loads on a running headgate. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { hashOf, type RunningHeadgate, startHeadgate } from "./running-headgate.ts";

const examples = join(import.meta.dirname, "../../examples");

interface Client {
  /** Its own objects: one to load, one that another tool keeps busy. */
  readonly object: string;
  load(key: string, uri: string, object: string): readonly string[];
  watch(load: string): readonly string[];
  cancel(load: string): readonly string[];
}

/** A program that takes `load TARGET KEY URI`. */
function plain(object: string, ...program: readonly string[]): Client {
  return {
    object,
    load: (key, uri, target) => [...program, "load", `crm/${target}`, key, uri],
    watch: (load) => [...program, "watch", load],
    cancel: (load) => [...program, "cancel", load],
  };
}

/** A program that takes `load --to TARGET --key KEY URI`. */
function withFlags(object: string, ...program: readonly string[]): Client {
  return {
    ...plain(object, ...program),
    load: (key, uri, target) => [...program, "load", "--to", `crm/${target}`, "--key", key, uri],
  };
}

const python = "/usr/bin/python3";
const clients: readonly (readonly [string, Client])[] = [
  ["Python with requests", withFlags("py", python, join(examples, "python/loads.py"))],
  ["Python with redis", withFlags("pyredis", python, join(examples, "python/stream.py"))],
  ["Java", plain("java", "java", join(examples, "java/Loads.java"))],
  ["curl", plain("curl", join(examples, "shell/loads.sh"))],
  ["redis-cli", plain("rediscli", join(examples, "shell/stream.sh"))],
];

let headgate: RunningHeadgate;
beforeAll(async () => {
  const objects = clients.flatMap(([, { object }]) => [object, `${object}_busy`]);
  headgate = await startHeadgate(inject("redisUrl"), objects);
});
afterAll(() => headgate.close());

function start([program = "", ...args]: readonly string[]) {
  // redis-cli would show a password in its URL to all users of the machine.
  const { HEADGATE_REDIS_URL = "", ...environment } = headgate.environment;
  const { host, password } = new URL(HEADGATE_REDIS_URL);
  const redis = program.endsWith(".sh")
    ? { HEADGATE_REDIS_URL: `redis://${host}`, REDISCLI_AUTH: password }
    : { HEADGATE_REDIS_URL };
  return spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      HOME: headgate.folder,
      PYTHONDONTWRITEBYTECODE: "1",
      ...environment,
      ...redis,
    },
  });
}

async function run(command: readonly string[]) {
  const child = start(command);
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return { out, err, code: Number(code) };
}

function loadIn(out: string): string {
  const [, load] = /^accepted (\S+)$/m.exec(out) ?? [];
  if (load === undefined) throw new Error(`no load was accepted: ${out}`);
  return load;
}

describe.each(clients)("%s", (_, client) => {
  const { object } = client;
  const rows = [
    ["1", "19.90"],
    ["2", "7.50"],
  ];
  const csv = `id,total\n${rows.map((row) => row.join(",")).join("\n")}\n`;

  it("brings a load and follows it to its end; every record arrives once", async () => {
    const uri = await headgate.put(`${object}.csv`, csv);
    const first = await run(client.load(`${object}-1`, uri, object));
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining("complete") });
    expect(await headgate.held(object)).toEqual({ keys: 2, hash: hashOf(rows) });

    const again = await run(client.load(`${object}-1`, uri, object));
    expect(again).toMatchObject({ code: 0 });
    expect(loadIn(again.out)).toBe(loadIn(first.out));

    const watched = await run(client.watch(loadIn(first.out)));
    expect(watched).toMatchObject({ code: 0, out: expect.stringContaining("complete") });
  });

  it("is told why a load is refused", async () => {
    const uri = await headgate.put(`${object}.csv`, csv);
    const unknown = await run(client.load(`${object}-2`, uri, "nothing"));
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining("unknown_object") });
    const taken = await run(client.load(`${object}-1`, uri, `${object}_busy`));
    expect(taken).toMatchObject({ code: 2, err: expect.stringContaining("idempotency_conflict") });
  });

  it("is told why a load has failed", async () => {
    const uri = await headgate.put(`${object}-bad.csv`, "id,total\n1,twelve\n");
    const failed = await run(client.load(`${object}-3`, uri, object));
    expect(failed).toMatchObject({ code: 1, out: expect.stringContaining("failed") });
    expect(failed.out).toContain("value_number");
    expect(failed.out + failed.err).not.toContain("twelve");
  });

  it("cancels a load that waits for another tool", async () => {
    await headgate.keepBusy(`${object}_busy`);
    const uri = await headgate.put(`${object}-busy.csv`, csv);
    const waiting = start(client.load(`${object}-4`, uri, `${object}_busy`));
    const ended = once(waiting, "exit");
    const [firstLine] = await once(createInterface({ input: waiting.stdout }), "line");
    expect(await run(client.cancel(loadIn(String(firstLine))))).toMatchObject({
      code: 0,
      out: expect.stringContaining("cancelled"),
    });
    expect(await ended).toEqual([1, null]);
    expect(await headgate.held(`${object}_busy`)).toMatchObject({ keys: 0 });
    expect(await run(client.cancel("default.0000"))).toMatchObject({
      code: 2,
      err: expect.stringContaining("load_not_found"),
    });
  });
});
