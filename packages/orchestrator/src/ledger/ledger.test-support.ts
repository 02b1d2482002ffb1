/** A ledger of its own for one test, on the real Redis, with a clock that the test moves. */
import { randomBytes } from "node:crypto";
import {
  bytes,
  claimFrom,
  defaultSlotLimits,
  type EpochMs,
  epochMs,
  noFindings,
  type ObjectKey,
  type SlotLimits,
} from "@headgate/core";
import { onTestFinished } from "vitest";
import { parseLoadRequest } from "../load-request.ts";
import { openTestStore } from "../memory-redis/store.test-support.ts";
import { recordLoad } from "./accept.ts";
import { type BulkJobPart, type BulkJobRecord, readBulkJob } from "./bulk-job-record.ts";
import { type ClaimAnswer, commitClaim, readLine } from "./claim.ts";
import type { BulkJobEnding } from "./end-bulk-job.ts";
import type { Ledger } from "./ledger.ts";
import { type LoadRecord, readLoad } from "./load-record.ts";
import { commitManifest, stageManifest } from "./manifest.ts";

export interface TestLedger {
  readonly ledger: Ledger;
  /** Sets the fleet's time. */
  setNow(instant: number): void;
  close(): Promise<void>;
}

export function openTestLedger(limits: Partial<SlotLimits> = {}): TestLedger {
  const redis = openTestStore();
  const base = `test-${randomBytes(6).toString("hex")}:{default}:`;
  let now: EpochMs = epochMs(1_000_000);
  return {
    ledger: {
      redis,
      connection: "default",
      base,
      limits: { ...defaultSlotLimits, ...limits },
      clock: () => now,
    },
    setNow(instant) {
      now = epochMs(instant);
    },
    async close() {
      const keys = await redis.keys(`${base}*`);
      if (keys.length > 0) await redis.del(...keys);
      redis.disconnect();
    },
  };
}

/** A ledger that the running test owns and that is cleaned when it ends. */
export function ledgerOfTest(limits: Partial<SlotLimits> = {}): TestLedger {
  const test = openTestLedger(limits);
  onTestFinished(() => test.close());
  return test;
}

/** Accepts a load of `crm/<object>` and, where `parts` is given, plans it with parts of 10 bytes and 1 record. */
export async function addLoad(
  ledger: Ledger,
  load: {
    readonly id: string;
    readonly object?: string;
    readonly operation?: "upsert" | "delete";
    readonly parts?: number;
  },
): Promise<string> {
  const id = `default.${load.id}`;
  await recordLoad(ledger, {
    id,
    request: parseLoadRequest({
      sourceName: "crm",
      object: load.object ?? "orders",
      operation: load.operation ?? "upsert",
      source: { uri: "s3://bucket/key.csv" },
    }),
    principal: "test",
    via: "http",
    idempotency: undefined,
    mostPending: Number.POSITIVE_INFINITY,
  });
  if (load.parts !== undefined) await planLoadAs(ledger, id, load.parts);
  return id;
}

export async function planLoadAs(ledger: Ledger, id: string, parts: number): Promise<void> {
  const stage = stageManifest(ledger, id, "attempt");
  const object = { uri: "s3://bucket/key.csv", bytes: bytes(10 * parts), pin: "etag" };
  await stage.addSource(object);
  for (let number = 0; number < parts; number++)
    await stage.addPart({ number, segments: [], bytes: bytes(10), records: 1 });
  await stage.flush();
  await commitManifest(ledger, {
    loadId: id,
    attempt: "attempt",
    header: "id\n",
    sourceObjects: 1,
    parts,
    bytes: 10 * parts,
    records: parts,
    findings: noFindings("refuse"),
  });
}

/** Claims up to `maxFiles` waiting parts of `crm/<object>` as bulk job `id`, as a worker does. */
export async function claimAs(
  ledger: Ledger,
  id: string,
  options: { readonly object?: string; readonly maxFiles?: number } = {},
): Promise<ClaimAnswer | { readonly kind: "nothing" }> {
  const object: ObjectKey = `crm/${options.object ?? "orders"}`;
  const line = await readLine(ledger, object, 100);
  const claim = claimFrom(line, options.maxFiles ?? 100);
  if (claim === undefined) return { kind: "nothing" };
  const parts: BulkJobPart[] = claim.picks.flatMap((pick) =>
    pick.parts.map((part) => ({ load: pick.loadId, part, bytes: 10, records: 1 })),
  );
  return await commitClaim(ledger, { id, claim, version: line.version, parts });
}

/** A bulk job that must be in the ledger. */
export async function bulkJobOf(ledger: Ledger, id: string): Promise<BulkJobRecord> {
  const record = await readBulkJob(ledger, id);
  if (record === undefined) throw new Error(`bulk job ${id} is not in the ledger`);
  return record;
}

/** A load that must be in the ledger. */
export async function loadOf(ledger: Ledger, id: string): Promise<LoadRecord> {
  const record = await readLoad(ledger, id);
  if (record === undefined) throw new Error(`load ${id} is not in the ledger`);
  return record;
}

export const complete: BulkJobEnding = {
  end: "complete",
  code: "",
  message: "",
  culprits: [],
  chargeRestart: false,
};

export const lost: BulkJobEnding = {
  end: "lost",
  code: "bulk_job_lost",
  message: "it vanished",
  culprits: [],
  chargeRestart: true,
};
