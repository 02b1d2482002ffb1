/** A bulk job as headgate sees it, read from the wire. */
import { type EpochMs, epochMs, type RemoteBulkJob } from "@headgate/core";
import type { BulkJobWire } from "./contract/bulk.ts";

/** A bulk job with what only this client tells of it. */
export interface BulkJob extends RemoteBulkJob {
  /** By the API's clock. */
  readonly createdAt?: EpochMs | undefined;
  /** Whole seconds from creation to the end; 0 or absent before the end. */
  readonly processingSeconds?: number | undefined;
}

/** Reads a bulk job; a date that is none is left out. */
export function bulkJobOf(wire: BulkJobWire): BulkJob {
  const { id, sourceName, object, operation, state } = wire;
  const createdAt = Date.parse(wire.createdDate ?? "");
  return {
    id,
    sourceName,
    object,
    operation,
    state,
    createdById: wire.createdById ?? undefined,
    createdAt: Number.isNaN(createdAt) ? undefined : epochMs(createdAt),
    processingSeconds: wire.totalProcessingTime ?? undefined,
  };
}
