import type { Outcome } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { bulkJobOf, loadOf } from "../ledger/ledger.test-support.ts";
import type { IngestionPort } from "../ports.ts";
import { fleetOfTest, type TestFleet } from "../queue/fleet.test-support.ts";
import { runBulkJob } from "./run-bulk-job.ts";
import { runLoad } from "./run-load.ts";

const signal = new AbortController().signal;

/** Plans a load, which claims its bulk job; answers both ids. */
async function claimed(fleet: TestFleet): Promise<{ loadId: string; bulkJobId: string }> {
  const loadId = await fleet.load();
  await runLoad(fleet.context, loadId, signal);
  const event = await fleet.event((e) => e.type === "bulk-job.claimed");
  return { loadId, bulkJobId: "bulkJobId" in event ? event.bulkJobId : "" };
}

/** Runs the bulk job's task again and again, whatever time it asks for, until it is over. */
async function runOn(fleet: TestFleet, bulkJobId: string): Promise<Outcome> {
  for (;;) {
    const outcome = await runBulkJob(fleet.context, bulkJobId, signal);
    if (outcome.kind !== "snooze") return outcome;
  }
}

describe("a worker that stops in the middle of an upload", () => {
  /** Cuts the next upload off, once its body was read where `whole`. */
  async function cutOff(
    fleet: TestFleet,
    { bulkJobId, whole }: { readonly bulkJobId: string; readonly whole: boolean },
  ): Promise<Outcome> {
    const { tenant, context } = fleet;
    const stopping = new AbortController();
    const stop = new AbortController();
    const { upload } = tenant.ingestion;
    const ingestion: IngestionPort = {
      ...tenant.ingestion,
      async upload(id, body, options) {
        if (whole) for await (const _ of body.open(options.signal));
        stopping.abort();
        stop.abort();
        await upload(id, body, options);
      },
    };
    return await runBulkJob(
      { ...context, ports: { ...context.ports, ingestion }, stopping: stopping.signal },
      bulkJobId,
      stop.signal,
    );
  }

  it("has sent nothing whole before the last chunk, so even restart goes on in the same bulk job", async () => {
    const fleet = fleetOfTest({ settings: { onUnknownUpload: "restart" } });
    const { loadId, bulkJobId } = await claimed(fleet);
    expect(await cutOff(fleet, { bulkJobId, whole: false })).toMatchObject({ kind: "snooze" });
    expect(await bulkJobOf(fleet.context.ledger, bulkJobId)).toMatchObject({
      phase: "uploading",
      uploading: "",
      filesUsed: 1,
      tries: 0,
    });
    expect(await runOn(fleet, bulkJobId)).toMatchObject({ kind: "done", result: { files: 1 } });
    expect(await loadOf(fleet.context.ledger, loadId)).toMatchObject({
      state: "complete",
      restarts: 0,
    });
    expect(fleet.events.map((event) => event.type)).not.toContain("bulk-job.upload-unknown");
  });

  it("does not know more than anyone once the last chunk is out", async () => {
    const fleet = fleetOfTest({ settings: { onUnknownUpload: "restart" } });
    const { bulkJobId } = await claimed(fleet);
    await cutOff(fleet, { bulkJobId, whole: true });
    expect(await bulkJobOf(fleet.context.ledger, bulkJobId)).toMatchObject({ phase: "aborting" });
  });

  it("begins no other step, and leaves the bulk job as it is", async () => {
    const fleet = fleetOfTest();
    const { bulkJobId } = await claimed(fleet);
    const stopping = AbortSignal.abort();
    const calls = fleet.tenant.calls.length;
    const outcome = await runBulkJob({ ...fleet.context, stopping }, bulkJobId, signal);
    expect(outcome).toMatchObject({ kind: "snooze" });
    expect(fleet.tenant.calls).toHaveLength(calls);
  });

  it("lets the upload end and writes its result before it goes", async () => {
    const fleet = fleetOfTest();
    const { bulkJobId } = await claimed(fleet);
    const stopping = new AbortController();
    fleet.tenant.hold("upload", async () => stopping.abort());
    const context = { ...fleet.context, stopping: stopping.signal };
    expect(await runBulkJob(context, bulkJobId, signal)).toMatchObject({ kind: "snooze" });
    expect(await bulkJobOf(fleet.context.ledger, bulkJobId)).toMatchObject({
      phase: "uploading",
      uploading: "",
      next: 1,
      filesUsed: 1,
    });
  });
});
