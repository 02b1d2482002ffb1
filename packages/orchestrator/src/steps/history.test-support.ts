/** Workers that hold the ledger against a memory of their own, on a clock that the test moves. */
import { randomUUID } from "node:crypto";
import { epochMs, type Outcome } from "@headgate/core";
import { createLedgerMemory } from "../ledger/ledger-memory.ts";
import { fleetOfTest, type TestFleet } from "../queue/fleet.test-support.ts";
import { claimBulkJobs } from "./claim-bulk-jobs.ts";
import type { StepContext } from "./context.ts";
import { runBulkJob } from "./run-bulk-job.ts";
import { runLoad } from "./run-load.ts";

const signal = new AbortController().signal;

export interface WitnessFleet {
  readonly fleet: TestFleet;
  /** The fleet's time; the tenant dates bulk jobs by it. */
  now: number;
  /** A worker that has just started. */
  worker(): StepContext;
  /** Plans a load and claims its bulk job, as `context`; answers both ids. */
  claim(context: StepContext, loadId?: string): Promise<{ loadId: string; bulkJobId: string }>;
  /** Runs the bulk job's task until it is over or asks for more than a minute. */
  run(context: StepContext, bulkJobId: string): Promise<Outcome>;
}

export function witnessFleet(): WitnessFleet {
  const fleet = fleetOfTest();
  const fixture: WitnessFleet = {
    fleet,
    now: Date.now(),
    worker: () => ({
      ...fleet.context,
      ledger: {
        ...fleet.context.ledger,
        clock: () => epochMs(fixture.now),
        memory: createLedgerMemory(randomUUID()),
      },
    }),
    async claim(context, loadId) {
      const id = loadId ?? (await fleet.load());
      await runLoad(context, id, signal);
      await claimBulkJobs(context, signal);
      const [newest] = await context.ledger.redis.zrange(
        `${context.ledger.base}bulk-jobs`,
        "-1",
        "-1",
      );
      return { loadId: id, bulkJobId: newest ?? "" };
    },
    async run(context, bulkJobId) {
      for (;;) {
        fleet.tenant.createdAt = fixture.now;
        const outcome = await runBulkJob(context, bulkJobId, signal);
        if (outcome.kind !== "snooze" || outcome.until - fixture.now > 60_000) return outcome;
        fixture.now = Math.max(outcome.until, fixture.now + 1);
      }
    },
  };
  return fixture;
}
