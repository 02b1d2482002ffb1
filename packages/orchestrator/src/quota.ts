/** Reads how much of a connection's quota is used, by whom, and when it returns. */
import { decideWindow, epochMs, lossSentence, type Slot, type SlotLimits } from "@headgate/core";
import { loadsOfBulkJob, readableBulkJob, unfinishedBulkJobs } from "./ledger/bulk-job-record.ts";
import { readLines } from "./ledger/claim.ts";
import { readLoss } from "./ledger/history.ts";
import { guarded, type Ledger, ledgerNow } from "./ledger/ledger.ts";
import { readLimits } from "./ledger/published.ts";
import { iso } from "./load-view.ts";
import type { QuotaView } from "./views.ts";

/** The quota at this instant, by the limits that workers last published. */
export async function readQuota(ledger: Ledger): Promise<QuotaView> {
  const limits = await readLimits(ledger);
  const now = await ledgerNow(ledger);
  const slots = (await readSlots(ledger)).filter((slot) => slot.at + limits.windowMs > now);
  const holders = await readHolders(ledger);
  const foreignPermits = await guarded(() => ledger.redis.hlen(`${ledger.base}foreign-live`));
  const gate = Number((await guarded(() => ledger.redis.hget(`${ledger.base}gate`, "until"))) ?? 0);
  const foreign = slots.filter((slot) => slot.foreign).length;
  return {
    connection: ledger.connection,
    slots: {
      limit: limits.slots,
      reserved: limits.reserveSlots,
      windowSeconds: limits.windowMs / 1000,
      used: slots.length,
      foreign,
      free: freeSlots(slots, limits, now),
      returnsAt: slots.map((slot) => iso(slot.at + limits.windowMs)),
    },
    permits: {
      limit: limits.permits,
      reserved: limits.reservePermits,
      used: holders.length,
      foreign: foreignPermits,
      holders,
    },
    ...(gate > now ? { gateClosedUntil: iso(gate) } : {}),
    ...(await lostOf(ledger, now)),
    waiting: await readWaiting(ledger),
  };
}

/** Days for which a loss is shown. */
const lossShownDays = 7;

async function lostOf(ledger: Ledger, now: number): Promise<Pick<QuotaView, "lost">> {
  const loss = await readLoss(ledger);
  if (loss === undefined || loss.at + lossShownDays * 86_400_000 <= now) return {};
  const { sign, unknownBulkJobs, missingLoads } = loss;
  const instants = { at: iso(loss.at), frozenUntil: iso(loss.frozenUntil) };
  return {
    lost: { ...instants, sign, message: lossSentence(sign), unknownBulkJobs, missingLoads },
  };
}

function freeSlots(slots: readonly Slot[], limits: SlotLimits, now: number): number {
  const at = epochMs(now);
  const tried: Slot[] = [...slots];
  while (decideWindow(tried, limits, at).kind === "grant")
    tried.push({ id: `free ${tried.length}`, at, foreign: false });
  return tried.length - slots.length;
}

async function readSlots(ledger: Ledger): Promise<readonly Slot[]> {
  const flat = await guarded(() =>
    ledger.redis.zrange(`${ledger.base}slots`, "0", "-1", "WITHSCORES"),
  );
  const slots: Slot[] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const id = flat[i] ?? "";
    slots.push({ id, at: epochMs(Number(flat[i + 1])), foreign: id.startsWith("f:") });
  }
  return slots;
}

async function readHolders(ledger: Ledger): Promise<QuotaView["permits"]["holders"]> {
  const held = await Promise.all(
    (await unfinishedBulkJobs(ledger)).map(async (id) => {
      const record = await readableBulkJob(ledger, id);
      if (record === undefined) return [];
      const { sourceName, object, phase, claimedAt } = record;
      const loads = await loadsOfBulkJob(ledger, id);
      return [{ bulkJob: id, sourceName, object, phase, since: iso(claimedAt), loads }];
    }),
  );
  return held.flat();
}

async function readWaiting(ledger: Ledger): Promise<QuotaView["waiting"]> {
  const objects = await readLines(ledger);
  return await Promise.all(
    objects.map(async (object) => ({
      object,
      loads: await guarded(() => ledger.redis.zcard(`${ledger.base}line:${object}`)),
    })),
  );
}
