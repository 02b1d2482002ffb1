import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  killLeftHeadgates,
  startHeadgate,
  startTestApi,
  type TestApi,
  testKey,
} from "./headgate.test-support.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());
beforeEach(() => api.send({ kind: "recover" }));
afterEach(killLeftHeadgates);

const target = ["--to", "web/order", "--operation", "upsert"];

function environment(): NodeJS.ProcessEnv {
  return { HEADGATE_API_URL: api.url, HEADGATE_API_KEY: testKey };
}
function start(...args: string[]) {
  return startHeadgate(args, environment());
}
function headgate(...args: string[]) {
  return start(...args).ended;
}
/** Brings a load and gives its id. */
async function newLoad(): Promise<string> {
  const { stdout } = await headgate("load", "s3://bucket/a.csv", ...target, "--json");
  return JSON.parse(stdout).id;
}

const allUploaded = {
  state: "processing",
  sourceObjects: 1,
  parts: { planned: 2, uploaded: 2, settled: 0 },
  bytes: { planned: 300e6, uploaded: 300e6, settled: 0 },
};
const complete = {
  state: "complete",
  parts: { planned: 2, uploaded: 2, settled: 2 },
  bytes: { planned: 300e6, uploaded: 300e6, settled: 300e6 },
};

describe("headgate load", () => {
  it("brings a load and says how to follow it", async () => {
    const { code, stdout, stderr } = await headgate("load", "s3://bucket/a.csv", ...target);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^load (default\.\d+) accepted; follow it with: headgate status \1 --wait\n$/,
    );
    expect(stderr).toBe("");
  });

  it("sends what the flags say and prints the API's answer with --json", async () => {
    const { code, stdout } = await headgate(
      ...["load", "s3://bucket/2026/", "--suffix", ".csv", "--to", "web/order"],
      ...["--operation", "delete", "--header", "absent", "--connection", "default", "--json"],
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      connection: "default",
      sourceName: "web",
      object: "order",
      operation: "delete",
      source: { prefix: "s3://bucket/2026/", suffix: ".csv" },
      state: "accepted",
      principal: "cli",
    });
  });

  it("makes one load though the answer was lost twice", async () => {
    await api.send({ kind: "lose-answers", count: 2 });
    const { code, stdout, stderr } = await headgate(
      "load",
      "s3://bucket/a.csv",
      ...target,
      "--json",
    );
    expect(code).toBe(0);
    expect(stderr.match(/trying again/g)).toHaveLength(2);
    const id = JSON.parse(stdout).id;
    const page = JSON.parse((await headgate("status", "--limit", "1", "--json")).stdout);
    const before = await newLoad();
    expect(page.loads[0].id).toBe(id);
    expect(Number(before.split(".")[1])).toBe(Number(id.split(".")[1]) + 1);
  });

  it("makes one load of two commands with one key, and refuses another request with it", async () => {
    const key = ["--idempotency-key", "nightly-1"];
    const first = await headgate("load", "s3://bucket/a.csv", ...target, ...key, "--json");
    const second = await headgate("load", "s3://bucket/a.csv", ...target, ...key, "--json");
    expect(JSON.parse(second.stdout)).toEqual(JSON.parse(first.stdout));
    const other = await headgate("load", "s3://bucket/other.csv", ...target, ...key);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain("idempotency_conflict");
  });

  it("tells the key with which to try again where the API stays away", async () => {
    await api.send({ kind: "lose-answers", count: 1 });
    const { code, stdout, stderr } = await headgate(
      "load",
      "s3://bucket/a.csv",
      ...target,
      "--retries",
      "0",
    );
    expect(code).toBe(3);
    expect(stdout).toBe("");
    expect(stderr).toMatch(
      /with --idempotency-key [0-9a-f-]{36} the same command makes no second one/,
    );
  });
});

describe("headgate load, interrupted while nobody knows whether the load was accepted", () => {
  it("tells the key with which to try again, and exits 130", async () => {
    await api.send({ kind: "lose-answers", count: 100 });
    const run = start("load", "s3://bucket/a.csv", ...target, "--retries", "100");
    await api.request("POST", 0);
    run.child.kill("SIGINT");
    const { code, stdout, stderr } = await run.ended;
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).toMatch(/interrupted; .* with --idempotency-key [0-9a-f-]{36} the same command/);
  });
});

describe("headgate load --wait", () => {
  it("follows a load to its end and exits 0 when it is complete", async () => {
    const run = start(
      "load",
      "s3://bucket/a.csv",
      ...target,
      "--wait",
      "--json",
      "--idempotency-key",
      "w1",
    );
    await api.request("GET", 200);
    const id = await idOf("w1");
    await api.send({ kind: "move", id, change: allUploaded });
    await api.request("GET", 200);
    await api.send({ kind: "move", id, change: complete });
    const { code, stdout, stderr } = await run.ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ id, state: "complete" });
    expect(stderr).toContain(`accepted  load ${id}\n`);
    expect(stderr).toContain("processing  parts 2/2 uploaded, 0 settled  300 MB of 300 MB  ");
    expect(stderr).toContain("complete  parts 2/2 uploaded, 2 settled");
  });

  it("exits 1 with the reason when the load fails", async () => {
    const id = await newLoad();
    const reason = { code: "source_changed", message: "s3://bucket/a.csv is another object now" };
    const plannedAt = "2026-01-01T00:00:00.000Z";
    await api.send({ kind: "move", id, change: { state: "failed", reason, plannedAt } });
    const { code, stdout, stderr } = await headgate("status", id, "--wait");
    expect(code).toBe(1);
    expect(stdout).toContain("reason    source_changed: s3://bucket/a.csv is another object now");
    expect(stderr).toContain(`headgate: load ${id} is failed`);
  });

  it("exits 5 when planning refuses the files, and says where the findings are", async () => {
    const id = await newLoad();
    const reason = { code: "preflight_refused", message: "2 findings" };
    await api.send({ kind: "move", id, change: { state: "failed", reason, findings: 2 } });
    const { code, stderr } = await headgate("status", id, "--wait");
    expect(code).toBe(5);
    expect(stderr).toContain(`headgate findings ${id}`);
  });

  it("exits 6 when --timeout passes, and says that the load goes on", async () => {
    const id = await newLoad();
    const { code, stdout, stderr } = await headgate("status", id, "--timeout", "0.1s");
    expect({ code, stdout }).toEqual({ code: 6, stdout: "" });
    expect(stderr).toContain(`load ${id} goes on`);
  });

  it("says nothing but the answer and the failure with --quiet", async () => {
    const id = await newLoad();
    const reason = { code: "bulk_job_failed", message: "it failed" };
    await api.send({ kind: "move", id, change: { state: "cancelled", reason } });
    const { code, stderr } = await headgate("status", id, "--wait", "--quiet");
    expect(code).toBe(1);
    expect(stderr).toBe(`headgate: load ${id} is cancelled: it failed (bulk_job_failed)\n`);
  });

  it("goes on waiting while the API is away", async () => {
    const id = await newLoad();
    const run = start("status", id, "--wait", "--retries", "0");
    await api.request("GET", 200);
    await api.send({ kind: "lose-answers", count: 1 });
    await api.request("GET", 0);
    await api.send({ kind: "away", away: true });
    await api.request("GET", 503);
    await api.send({ kind: "recover" });
    await api.send({ kind: "move", id, change: complete });
    const { code, stderr } = await run.ended;
    expect(code).toBe(0);
    expect(stderr).toContain("still waiting for the API");
    expect(stderr).toContain("(redis_away, request ");
  });

  it("says on Ctrl-C that the load goes on, and exits 130", async () => {
    const id = await newLoad();
    const run = start("status", id, "--wait");
    await api.request("GET", 200);
    // The second question shows that the answer to the first has arrived.
    await api.send({ kind: "move", id, change: { state: "processing" } });
    await api.request("GET", 200);
    run.child.kill("SIGINT");
    const { code, stdout, stderr } = await run.ended;
    expect(code).toBe(130);
    expect(stdout).toBe("");
    expect(stderr).toContain(`load ${id} goes on; look at it with: headgate status ${id} --wait`);
  });
});

describe("headgate status, quota and cancel", () => {
  it("shows one load, its bulk jobs and its measures", async () => {
    const id = await newLoad();
    const bulkJob = { id: "b1", remoteId: "7505x", remoteState: "Open", phase: "uploading" };
    const bulkJobs = [{ ...bulkJob, files: 2, uploadedFiles: 1 }];
    await api.send({ kind: "move", id, change: { ...allUploaded, bulkJobs } });
    const { code, stdout } = await headgate("status", id);
    expect(code).toBe(0);
    expect(stdout).toContain("target    web/order (upsert) on default\n");
    expect(stdout).toContain("parts     2, 2 uploaded, 0 settled\n");
    expect(stdout).toContain("bulk job  b1 (7505x Open) uploading, 1 of 2 files\n");
  });

  it("lists loads by state and points to the next page", async () => {
    for (const id of [await newLoad(), await newLoad()])
      await api.send({ kind: "move", id, change: { state: "waiting" } });
    const { code, stdout, stderr } = await headgate("status", "--state", "waiting", "--limit", "1");
    expect(code).toBe(0);
    expect(stdout.split("\n")).toHaveLength(3);
    const cursor = /--cursor (\S+)/.exec(stderr)?.[1] ?? "";
    const rest = await headgate("status", "--state", "waiting", "--cursor", cursor, "--json");
    expect(JSON.parse(rest.stdout)).toMatchObject({ loads: [{ state: "waiting" }] });
  });

  it("shows the quota", async () => {
    const { code, stdout } = await headgate("quota");
    expect(code).toBe(0);
    expect(stdout).toContain(
      "slots    3 of 20 used in 3600 s, 15 free (1 by other tools, 2 kept for other tools)",
    );
    expect(stdout).toContain("waiting  web/order: 2 loads");
    expect(stdout).toContain(
      "lost     Redis lost data, seen at 2026-01-01T00:00:00.000Z: the ledger is empty; nothing created until 2026-01-01T01:00:30.000Z",
    );
    expect(stdout).toContain("unknown bulk jobs of the tenant: r1");
    expect(stdout).toContain("loads gone: default.7");
    const json = await headgate("quota", "--connection", "default", "--json");
    expect(JSON.parse(json.stdout).quotas[0].slots.limit).toBe(20);
  });

  it("cancels a load, and exits 2 where it is too late", async () => {
    const id = await newLoad();
    expect(await headgate("cancel", id)).toMatchObject({
      code: 0,
      stdout: `load ${id} is cancelled\n`,
    });
    await api.send({ kind: "move", id, change: { state: "complete" } });
    const late = await headgate("cancel", id);
    expect(late).toMatchObject({ code: 2, stdout: "" });
    expect(late.stderr).toContain("(load_state)");
  });
});

describe("exit codes", () => {
  it.each([
    ["a load that is not there", ["status", "default.999"]],
    ["a connection that is not configured", ["quota", "--connection", "sandbox"]],
    ["a wrong command line", ["lod"]],
  ])("is 2 for %s, told on stderr", async (_what, args) => {
    const { code, stdout, stderr } = await headgate(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).not.toBe("");
    expect(stderr).not.toContain("    at ");
  });

  it("is 3 where nobody listens, or where what listens is no headgate API", async () => {
    const nobody = startHeadgate(["status", "--retries", "0"], {
      HEADGATE_API_URL: "http://127.0.0.1:1",
      HEADGATE_API_KEY: testKey,
    });
    expect(await nobody.ended).toMatchObject({ code: 3, stdout: "" });
    const other = createServer((_request, response) => response.end("hello"));
    await once(other.listen(0, "127.0.0.1"), "listening");
    const { port } = other.address() as AddressInfo;
    const elsewhere = await startHeadgate(["status"], {
      HEADGATE_API_URL: `http://127.0.0.1:${port}`,
      HEADGATE_API_KEY: testKey,
    }).ended;
    other.close();
    expect(elsewhere).toMatchObject({ code: 3, stdout: "" });
    expect(elsewhere.stderr).toContain("not a headgate API");
  });

  it("is 4 without a key and with a wrong one, which is not repeated", async () => {
    const none = await startHeadgate(["status"], { HEADGATE_API_URL: api.url }).ended;
    expect(none.code).toBe(4);
    const wrong = await startHeadgate(["status"], {
      HEADGATE_API_URL: api.url,
      HEADGATE_API_KEY: "headgate_wrong",
    }).ended;
    expect(wrong.code).toBe(4);
    expect(wrong.stderr).not.toContain("headgate_wrong");
  });
});

/** The load that the command with this key made: the same request again is answered with it. */
async function idOf(key: string): Promise<string> {
  const args = ["load", "s3://bucket/a.csv", ...target, "--idempotency-key", key, "--json"];
  return JSON.parse((await headgate(...args)).stdout).id;
}
