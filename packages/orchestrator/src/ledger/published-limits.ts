/** The limits that the fleet's workers hold to, kept where those who only look can read them. */
import { defaultSlotLimits, milliseconds, type SlotLimits } from "@headgate/core";
import { z } from "zod";
import { guarded, type Ledger } from "./ledger.ts";

const limitsSchema = z.object({
  slots: z.number(),
  windowMs: z.number().transform(milliseconds),
  permits: z.number(),
  reserveSlots: z.number(),
  reservePermits: z.number(),
  oneBulkJobPerObject: z.boolean(),
});

export async function publishLimits(ledger: Ledger): Promise<void> {
  await guarded(() => ledger.redis.set(`${ledger.base}limits`, JSON.stringify(ledger.limits)));
}

/** The limits last published; the API's own where no worker has started yet. */
export async function readLimits(ledger: Ledger): Promise<SlotLimits> {
  const text = await guarded(() => ledger.redis.get(`${ledger.base}limits`));
  return text === null ? defaultSlotLimits : limitsSchema.parse(JSON.parse(text));
}
