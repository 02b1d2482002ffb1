/**
 * Calls that change something in the tenant, made only while the task's lease is held. A process that
 * was stopped may be handed an answer of Redis before its timers have their turn, and would send the
 * call that follows though another worker has taken over.
 */
import type { IngestionPort } from "../ports.ts";
import type { Lease } from "./lease.ts";

export function underLease(
  ingestion: IngestionPort,
  lease: Pick<Lease, "throwIfOver">,
): IngestionPort {
  return {
    authenticate: (options) => ingestion.authenticate(options),
    userId: () => ingestion.userId?.(),
    orgId: () => ingestion.orgId?.(),
    clockOffsetMs: () => ingestion.clockOffsetMs(),
    info: (id, options) => ingestion.info(id, options),
    listAll: (states, options) => ingestion.listAll(states, options),
    async createBulkJob(target, options) {
      lease.throwIfOver();
      return await ingestion.createBulkJob(target, options);
    },
    async upload(id, body, options) {
      lease.throwIfOver();
      await ingestion.upload(id, body, options);
    },
    async close(id, options) {
      lease.throwIfOver();
      return await ingestion.close(id, options);
    },
    async abort(id, options) {
      lease.throwIfOver();
      return await ingestion.abort(id, options);
    },
  };
}
