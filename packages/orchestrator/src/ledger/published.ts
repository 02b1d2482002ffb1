/** What the fleet's workers are configured with, kept where those who only enqueue and look can read it. */
import {
  type ConnectorCatalogue,
  type ConnectorNames,
  defaultSlotLimits,
  milliseconds,
  type SlotLimits,
} from "@headgate/core";
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

const connectorsSchema = z.record(
  z.string(),
  z.union([z.literal("unchecked"), z.array(z.string())]),
);

/** Publishes the limits of this worker; the last one to start counts. */
export async function publishLimits(ledger: Ledger): Promise<void> {
  await guarded(() => ledger.redis.set(`${ledger.base}limits`, JSON.stringify(ledger.limits)));
}

/** The limits last published; the API's own where no worker has started yet. */
export async function readLimits(ledger: Ledger): Promise<SlotLimits> {
  const text = await guarded(() => ledger.redis.get(`${ledger.base}limits`));
  return text === null ? defaultSlotLimits : limitsSchema.parse(JSON.parse(text));
}

/** Publishes which connectors and objects there are; columns are a matter of planning. */
export async function publishConnectors(
  ledger: Ledger,
  catalogue: ConnectorCatalogue,
): Promise<void> {
  const names = [...catalogue].map(([sourceName, objects]) => [
    sourceName,
    objects === "unchecked" ? objects : [...objects.keys()],
  ]);
  const text = JSON.stringify(Object.fromEntries(names));
  await guarded(() => ledger.redis.set(`${ledger.base}connectors`, text));
}

/** The connectors last published; undefined where no worker has started yet. */
export async function readConnectors(ledger: Ledger): Promise<ConnectorNames | undefined> {
  const text = await guarded(() => ledger.redis.get(`${ledger.base}connectors`));
  if (text === null) return undefined;
  const connectors = connectorsSchema.parse(JSON.parse(text));
  return new Map(
    Object.entries(connectors).map(([sourceName, objects]) => [
      sourceName,
      objects === "unchecked" ? objects : new Set(objects),
    ]),
  );
}
