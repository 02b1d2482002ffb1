/** What is left of a tenant's quota, by what workers have recorded. */
import { type Ledger, readQuota } from "@headgate/orchestrator";
import { type Check, ok, warn } from "./check.ts";

/** Reads the ledger of one connection; changes nothing. */
export async function quotaCheck(ledger: Ledger): Promise<Check> {
  const { connection } = ledger;
  const name = { id: `connection.${connection}.quota`, title: `Quota of ${connection}` };
  const { slots } = await readQuota(ledger);
  const seen = `${slots.used} of ${slots.limit} slots used (${slots.foreign} by other tools), ${slots.free} free`;
  return slots.free > 0
    ? ok(name, seen)
    : warn(
        name,
        `${seen}; the next returns at ${slots.returnsAt[0] ?? "an unknown time"}`,
        "wait; if other tools of this tenant take too many, make them create fewer bulk jobs",
      );
}
