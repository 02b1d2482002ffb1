/** What is left of a tenant's quota, by what workers have recorded. */
import { type Ledger, type LossView, readQuota } from "@headgate/orchestrator";
import { type Check, type CheckName, ok, warn } from "./check.ts";

/** Reads the ledger of one connection; changes nothing. */
export async function quotaCheck(ledger: Ledger): Promise<Check> {
  const { connection } = ledger;
  const name = { id: `connection.${connection}.quota`, title: `Quota of ${connection}` };
  const { slots, lost } = await readQuota(ledger);
  if (lost !== undefined) return lostCheck(name, lost);
  const seen = `${slots.used} of ${slots.limit} slots used (${slots.foreign} by other tools), ${slots.free} free`;
  return slots.free > 0
    ? ok(name, seen)
    : warn(
        name,
        `${seen}; the next returns at ${slots.returnsAt[0] ?? "an unknown time"}`,
        "wait; if other tools of this tenant take too many, make them create fewer bulk jobs",
      );
}

function lostCheck(name: CheckName, lost: LossView): Check {
  const { at, message, frozenUntil, missingLoads, unknownBulkJobs } = lost;
  const concerned = [
    ...missingLoads.map((id) => `load ${id} is gone`),
    ...unknownBulkJobs.map((id) => `bulk job ${id} of the tenant was not in Redis`),
  ];
  return warn(
    name,
    [
      `Redis lost data, seen at ${at}: ${message}; nothing is created before ${frozenUntil}`,
      ...concerned,
    ].join("; "),
    "send the loads that are gone again with the same idempotency keys; find out why Redis forgets: it must be append-only and noeviction",
  );
}
