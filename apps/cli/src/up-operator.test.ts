/** What an operator does beside a running headgate: schedules, quota, bulk jobs. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { killLeftHeadgates } from "./headgate.test-support.ts";
import { makeWorkplace, ready, type Workplace } from "./up.test-support.ts";

let place: Workplace;
beforeAll(async () => {
  place = makeWorkplace();
  await ready(place.startUp());
  for (const day of ["2026-01-01", "2026-01-02"]) {
    const folder = join(place.folder, "exports", day);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "orders.csv"), `id,amount\n${day},1\n`);
  }
  writeFileSync(
    join(place.folder, "nightly.yaml"),
    `cron: "0 2 * * *"
timeZone: Europe/Oslo
settleSeconds: 0
waitSeconds: 0
targets:
  - sourceName: crm
    object: orders
    source: { prefix: "file://${place.folder}/exports/{yyyy-MM-dd}/" }
`,
  );
}, 60_000);
afterAll(() => {
  killLeftHeadgates();
  place.remove();
});

describe("headgate schedule", () => {
  it("is created from a file, listed, shown, switched off and on", async () => {
    const made = await place.json("schedule", "create", "nightly", "-f", "nightly.yaml");
    expect(made).toMatchObject({ name: "nightly", origin: "api", paused: false });
    const { schedules } = await place.json("schedule", "list");
    expect(schedules).toMatchObject([{ name: "nightly" }]);
    expect((await place.headgate(["schedule", "list"])).stdout).toContain("0 2 * * * Europe/Oslo");
    expect((await place.headgate(["schedule", "show", "nightly"])).stdout).toContain("crm/orders");
    expect(await place.json("schedule", "pause", "nightly")).toMatchObject({ paused: true });
    expect(await place.json("schedule", "resume", "nightly")).toMatchObject({ paused: false });
    const next = await place.json("schedule", "next", "nightly", "--count", "3");
    expect(next.nextRuns).toHaveLength(3);
  });

  it("tells what a run would take, and a run takes it once", async () => {
    const would = await place.json("schedule", "test", "nightly", "--date", "2026-01-01");
    expect(would.targets).toMatchObject([{ ready: true, newFiles: 1, alreadyLoaded: 0 }]);
    const run = await place.json("schedule", "run", "nightly", "--date", "2026-01-01", "--wait");
    expect(run).toMatchObject({ state: "complete", date: "2026-01-01", files: 1, records: 1 });
    const again = await place.json("schedule", "test", "nightly", "--date", "2026-01-01");
    expect(again.targets).toMatchObject([{ newFiles: 0, alreadyLoaded: 1 }]);
  }, 60_000);

  it("fails with 1 where a run finds no file", async () => {
    const { code, stdout, stderr } = await place.headgate([
      "schedule",
      "run",
      "nightly",
      "--date",
      "2025-12-31",
      "--wait",
      "--json",
    ]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ state: "failed" });
    expect(stderr).toContain("is failed");
  }, 60_000);

  it("fills dates in by a backfill", async () => {
    const dates = ["--from", "2026-01-02", "--to", "2026-01-02"];
    const backfill = await place.json("schedule", "run", "nightly", ...dates, "--wait");
    expect(backfill).toMatchObject({ leaveSlots: 5, runs: [{ state: "complete", files: 1 }] });
    const { runs } = await place.json("schedule", "runs", "nightly");
    expect(runs.map(({ date }: { date: string }) => date)).toContain("2026-01-02");
    const shown = await place.headgate(["schedule", "runs", "nightly", "--limit", "1"]);
    expect(shown.stdout.trim().split("\n")).toHaveLength(2);
  }, 60_000);

  it("is deleted, and unknown then", async () => {
    expect(await place.json("schedule", "delete", "nightly")).toEqual({
      name: "nightly",
      deleted: true,
    });
    const { code, stderr } = await place.headgate(["schedule", "show", "nightly"]);
    expect(code).toBe(2);
    expect(stderr).toContain("schedule_not_found");
  });

  it("is refused by the API where its file is wrong", async () => {
    writeFileSync(join(place.folder, "wrong.yaml"), "cron: often\ntargets: []\n");
    const { code, stderr } = await place.headgate([
      "schedule",
      "create",
      "wrong",
      "-f",
      "wrong.yaml",
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("targets");
  });
});

describe("headgate load, cancel and retry", () => {
  it("cancels a load that waits, and brings it again", async () => {
    const waits = ["--leave-slots", "999"];
    const to = ["--to", "crm/orders", "--operation", "upsert"];
    const { id } = await place.json("load", "orders.csv", ...to, ...waits);
    expect(await place.json("cancel", id)).toMatchObject({ id, state: "cancelled" });
    const again = await place.json("retry", id);
    expect(again).toMatchObject({ retryOf: id });
    expect(await place.json("retry", id)).toMatchObject({ id: again.id });
    expect(await place.json("cancel", again.id)).toMatchObject({ state: "cancelled" });
    const { code } = await place.headgate(["status", again.id, "--wait"]);
    expect(code).toBe(1);
    const page = await place.json("status", "--state", "cancelled", "--object", "crm/orders");
    expect(page.loads).toHaveLength(2);
  }, 60_000);
});

describe("headgate quota, bulk-jobs and reap", () => {
  it("shows slots that are used and when they return", async () => {
    const { quotas } = await place.json("quota");
    expect(quotas).toMatchObject([{ connection: "default", slots: { limit: 20 } }]);
    expect(quotas[0].slots.returnsAt).toHaveLength(quotas[0].slots.used);
  });

  it("lists bulk jobs, and refuses to abort one that has ended or is unknown", async () => {
    const { bulkJobs } = await place.json("bulk-jobs", "list");
    expect(bulkJobs[0]).toMatchObject({ owner: "ours", end: "complete" });
    expect((await place.headgate(["bulk-jobs", "list"])).stdout).toContain("crm/orders");
    const ended = await place.headgate(["bulk-jobs", "abort", bulkJobs[0].id]);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("bulk_job_state");
    const unknown = await place.headgate(["bulk-jobs", "abort", "nobody"]);
    expect(unknown.code).toBe(2);
  }, 60_000);

  it("reads the tenant's list and runs the reaper at once", async () => {
    await place.json("bulk-jobs", "observe");
    await place.json("reap");
    expect((await place.headgate(["reap", "--connection", "nowhere"])).code).toBe(2);
  }, 60_000);
});

it("no key stands in what is printed", async () => {
  const { apiKey } = JSON.parse(readFileSync(join(place.data, "cli.json"), "utf8"));
  const { stdout, stderr } = await place.headgate(["status"]);
  expect(stdout + stderr).not.toContain(apiKey);
});
