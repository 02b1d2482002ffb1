/** Turns records into what people see. */
import type { BulkJobRecord } from "./ledger/bulk-job-record.ts";
import { connectionOf, type LoadRecord } from "./ledger/load-record.ts";
import type { BulkJobView, LoadView } from "./views.ts";

/** A load as it is shown; lists leave out its bulk jobs. */
export function loadView(load: LoadRecord, bulkJobs?: readonly BulkJobView[]): LoadView {
  const { request } = load;
  return {
    id: load.id,
    connection: connectionOf(load.id),
    sourceName: request.sourceName,
    object: request.object,
    operation: request.operation,
    state: load.state,
    ...(load.reasonCode === undefined
      ? {}
      : { reason: { code: load.reasonCode, message: load.reasonMessage ?? "" } }),
    source: request.source,
    ...(load.run === undefined ? {} : { run: load.run }),
    ...(load.retryOf === undefined ? {} : { retryOf: load.retryOf }),
    ...(load.findings === undefined ? {} : { findings: load.findings }),
    principal: load.principal,
    via: load.via,
    acceptedAt: iso(load.acceptedAt),
    ...(load.plannedAt === undefined ? {} : { plannedAt: iso(load.plannedAt) }),
    ...(load.endedAt === undefined ? {} : { endedAt: iso(load.endedAt) }),
    sourceObjects: load.sourceObjects,
    parts: { planned: load.parts, uploaded: load.uploadedParts, settled: load.settledParts },
    bytes: { planned: load.bytes, uploaded: load.uploadedBytes, settled: load.settledBytes },
    records: {
      planned: load.records,
      uploaded: load.uploadedRecords,
      settled: load.settledRecords,
    },
    ...(bulkJobs === undefined ? {} : { bulkJobs }),
  };
}

/** A bulk job as it is shown with a load. */
export function bulkJobView(record: BulkJobRecord): BulkJobView {
  return {
    id: record.id,
    ...(record.remoteId === undefined ? {} : { remoteId: record.remoteId }),
    phase: record.phase,
    ...(record.end === undefined ? {} : { end: record.end }),
    ...(record.remoteState === undefined ? {} : { remoteState: record.remoteState }),
    files: record.files,
    uploadedFiles: record.next,
  };
}

/** An instant in ISO 8601, UTC. */
export function iso(instant: number): string {
  return new Date(instant).toISOString();
}
