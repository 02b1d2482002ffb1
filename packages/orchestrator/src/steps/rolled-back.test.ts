/** What becomes of each phase of a bulk job where Redis comes back as an older copy. */
import type { Outcome } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { moveBeat, readLoss } from "../ledger/history.ts";
import { bulkJobOf, loadOf } from "../ledger/ledger.test-support.ts";
import { copyLedger } from "../ledger/ledger-copy.test-support.ts";
import { recordTenant } from "../ledger/observation.ts";
import { claimBulkJobs } from "./claim-bulk-jobs.ts";
import type { StepContext } from "./context.ts";
import { type WitnessFleet, witnessFleet } from "./history.test-support.ts";
import { runBulkJob } from "./run-bulk-job.ts";
import { runLoad } from "./run-load.ts";
import { settleHistory } from "./settle-history.ts";

const signal = new AbortController().signal;

interface Story {
  readonly fixture: WitnessFleet;
  readonly worker: StepContext;
  readonly loadId: string;
  readonly bulkJobId: string;
}

/** A claimed bulk job of one load. */
async function begun(): Promise<Story> {
  const fixture = witnessFleet();
  const worker = fixture.worker();
  await settleHistory(worker, signal);
  return { fixture, worker, ...(await fixture.claim(worker)) };
}

/** Steps the bulk job until the tenant has been asked for `call`, which is then done as asked. */
async function runTo(
  { fixture, worker, bulkJobId }: Story,
  call: "create" | "upload" | "close",
): Promise<void> {
  const stop = new AbortController();
  const { tenant } = fixture.fleet;
  tenant.createdAt = fixture.now;
  const calls = () => tenant.calls.filter((made) => made === call).length;
  const before = calls();
  const step: StepContext = {
    ...worker,
    ports: {
      ...worker.ports,
      emit: (event) => {
        worker.ports.emit(event);
        if (calls() > before) stop.abort(new Error("far enough"));
      },
    },
  };
  await runBulkJob(step, bulkJobId, stop.signal).catch(() => undefined);
  expect(calls()).toBe(before + 1);
}

/** The copy is put back, some time after it was made, and the loss is noticed. */
async function comesBack(story: Story, goBack: () => Promise<void>, agoMs: number): Promise<void> {
  const { fixture, worker } = story;
  fixture.now += agoMs;
  await moveBeat(worker.ledger);
  await goBack();
  expect(await settleHistory(worker, signal)).toBe(true);
}

/** Passes the freeze, and the time in which the reaper ends what is left over. */
function thaw({ fixture, worker }: Story): void {
  fixture.now += worker.ledger.limits.windowMs;
}

async function finish(story: Story): Promise<Outcome> {
  return await story.fixture.run(story.worker, story.bulkJobId);
}

/** Claims and runs whatever waits until nothing does. */
async function finishAll({ fixture, worker }: Story): Promise<void> {
  for (let round = 0; round < 5; round++) {
    fixture.now += 60_000;
    await claimBulkJobs(worker, signal);
    const { redis, base } = worker.ledger;
    for (const id of await redis.zrange(`${base}permits`, "0", "-1")) await fixture.run(worker, id);
  }
}

function rowsOf({ fixture }: Story): readonly string[] {
  const complete = [...fixture.fleet.tenant.bulkJobs.values()].filter(
    (j) => j.state === "JobComplete",
  );
  return complete.flatMap((job) => job.files);
}

describe.each([1000, 600_000])("an older copy of %i ms ago", (agoMs) => {
  it("claimed again though the create went out: nothing is created in the freeze, then in another bulk job", async () => {
    const story = await begun();
    const goBack = await copyLedger(story.worker.ledger);
    await runTo(story, "create");
    await comesBack(story, goBack, agoMs);
    const { tenant } = story.fixture.fleet;
    const { ledger } = story.worker;
    const unknown = await readLoss(ledger);
    expect(unknown?.unknownBulkJobs).toEqual(["remote1"]);

    expect(await finish(story)).toMatchObject({ kind: "snooze", reason: "waits for history" });
    expect(tenant.bulkJobs.size).toBe(1);
    expect(await bulkJobOf(ledger, story.bulkJobId)).toMatchObject({ phase: "claimed" });

    thaw(story);
    expect(await runBulkJob(story.worker, story.bulkJobId, signal)).toMatchObject({
      kind: "snooze",
      reason: "waits for object-busy",
    });
    expect(tenant.bulkJobs.size).toBe(1);
    await tenant.ingestion.abort("remote1", { signal });
    await finishAll(story);
    expect(await loadOf(ledger, story.loadId)).toMatchObject({ state: "complete" });
    expect(rowsOf(story)).toEqual(["id\n0\n"]);
  });

  it("created again though the bulk job took parts: it is never adopted", async () => {
    const story = await begun();
    const { tenant } = story.fixture.fleet;
    const { ledger } = story.worker;
    let goBack = () => Promise.resolve();
    tenant.hold("create", async () => {
      goBack = await copyLedger(ledger);
    });
    await runTo(story, "upload");
    await comesBack(story, goBack, agoMs);
    expect(await bulkJobOf(ledger, story.bulkJobId)).toMatchObject({ phase: "creating" });

    expect(await finish(story)).toMatchObject({ kind: "done", result: { end: "conflict" } });
    thaw(story);
    await tenant.ingestion.abort("remote1", { signal });
    await finishAll(story);
    expect(await loadOf(ledger, story.loadId)).toMatchObject({ state: "complete" });
    expect(rowsOf(story)).toEqual(["id\n0\n"]);
    expect(story.fixture.fleet.events).not.toContainEqual(
      expect.objectContaining({ type: "bulk-job.opened", adopted: true }),
    );
  });

  it("uploading with fewer parts than accepted: the part is sent again, and counts as a file of its own", async () => {
    const story = await begun();
    const { tenant } = story.fixture.fleet;
    const { ledger } = story.worker;
    await runTo(story, "create");
    const goBack = await copyLedger(ledger);
    await runTo(story, "upload");
    await comesBack(story, goBack, agoMs);
    expect(await bulkJobOf(ledger, story.bulkJobId)).toMatchObject({ next: 0, filesUsed: 1 });

    expect(await finish(story)).toMatchObject({ kind: "done", result: { end: "complete" } });
    expect(await bulkJobOf(ledger, story.bulkJobId)).toMatchObject({ next: 1, filesUsed: 2 });
    expect(await loadOf(ledger, story.loadId)).toMatchObject({ state: "complete" });
    expect(rowsOf(story)).toEqual(["id\n0\n", "id\n0\n"]);
    expect(tenant.bulkJobs.size).toBe(1);
  });

  it("uploading again though the API has it closed: it goes on as closed, and what it holds goes again", async () => {
    const story = await begun();
    const { ledger } = story.worker;
    await runTo(story, "create");
    const goBack = await copyLedger(ledger);
    await finish(story);
    await comesBack(story, goBack, agoMs);
    expect(await finish(story)).toMatchObject({ kind: "done" });
    expect(await loadOf(ledger, story.loadId)).toMatchObject({ state: "waiting" });
    thaw(story);
    await finishAll(story);
    expect(await loadOf(ledger, story.loadId)).toMatchObject({ state: "complete" });
    expect(rowsOf(story)).toEqual(["id\n0\n", "id\n0\n"]);
  });

  it("closing or processing again: the API's state settles it without another row", async () => {
    const story = await begun();
    const { ledger } = story.worker;
    await runTo(story, "create");
    await runTo(story, "upload");
    const goBack = await copyLedger(ledger);
    await finish(story);
    await comesBack(story, goBack, agoMs);
    expect(await finish(story)).toMatchObject({ kind: "done", result: { end: "complete" } });
    expect(await loadOf(ledger, story.loadId)).toMatchObject({ state: "complete" });
    expect(rowsOf(story)).toEqual(["id\n0\n"]);
  });

  it("ended again: it ends once more, and settles its parts once", async () => {
    const story = await begun();
    const { ledger } = story.worker;
    await runTo(story, "create");
    await runTo(story, "upload");
    await runTo(story, "close");
    const goBack = await copyLedger(ledger);
    await finish(story);
    await comesBack(story, goBack, agoMs);
    expect(await bulkJobOf(ledger, story.bulkJobId)).toMatchObject({ phase: "processing" });
    expect(await finish(story)).toMatchObject({ kind: "done", result: { end: "complete" } });
    const load = await loadOf(ledger, story.loadId);
    expect(load).toMatchObject({ state: "complete", settledParts: 1, settledRecords: 1 });
    expect(rowsOf(story)).toEqual(["id\n0\n"]);
  });

  it("parts back in line though their bulk job is complete: sent again, in the order of acceptance", async () => {
    const fixture = witnessFleet();
    const worker = fixture.worker();
    await settleHistory(worker, signal);
    const loadId = await fixture.fleet.load();
    const second = await fixture.fleet.load();
    // In line only, as nothing may be created.
    fixture.fleet.tenant.failNext("authenticate", "ERR_AUTH_REFUSED");
    await runLoad(worker, loadId, signal);
    const goBack = await copyLedger(worker.ledger);
    const story: Story = { fixture, worker, ...(await fixture.claim(worker, loadId)) };
    await finish(story);
    expect(await loadOf(worker.ledger, loadId)).toMatchObject({ state: "complete" });

    await comesBack(story, goBack, agoMs);
    expect(await loadOf(worker.ledger, loadId)).toMatchObject({ state: "waiting" });
    await runLoad(worker, second, signal);
    thaw(story);
    await finishAll(story);
    expect(await loadOf(worker.ledger, second)).toMatchObject({ state: "complete" });
    expect(rowsOf(story)).toEqual(["id\n0\n", "id\n0\n", "id\n1\n"]);
  });
});

it("keeps the object of a bulk job that it does not know busy until that is gone", async () => {
  const story = await begun();
  const goBack = await copyLedger(story.worker.ledger);
  await runTo(story, "create");
  await comesBack(story, goBack, 1000);
  const { ledger } = story.worker;
  expect(await ledger.redis.hgetall(`${ledger.base}foreign-live`)).toEqual({
    remote1: "crm/orders",
  });
  await recordTenant(ledger, []);
  expect(await ledger.redis.exists(`${ledger.base}foreign-live`)).toBe(0);
});
