/** One bulk job as the emulator keeps it, and the forms in which it is shown. */
import type { EpochMs, Milliseconds, ObjectSchema, Operation, RemoteState } from "@headgate/core";
import type { BulkJobWire } from "@headgate/ingestion-api/contract";
import type { FileRows } from "./object-data.ts";

/** One accepted file. */
export interface AcceptedFile {
  readonly bytes: number;
  readonly rows: number;
  /** Hash of its records, as 16 hex digits. */
  readonly hash: string;
  /** SHA-256 of the body's bytes, in hex. */
  readonly sha256: string;
}

/** What is known of a bulk job before it exists. */
export interface NewBulkJob {
  readonly sourceName: string;
  readonly object: string;
  readonly operation: Operation;
  readonly schema: ObjectSchema;
  readonly createdById: string;
  readonly dataspace: string;
}

/** A bulk job as it stands now. */
export interface BulkJob extends NewBulkJob {
  readonly id: string;
  /** Order of creation, from 1. */
  readonly number: number;
  readonly createdAt: EpochMs;
  state: RemoteState;
  /** Last change of state. */
  modifiedAt: EpochMs;
  /** Whether an upload is running. */
  uploading: boolean;
  readonly files: AcceptedFile[];
  /** Rows of the accepted files until they are applied or discarded. */
  rows: FileRows[];
  refusedFiles: number;
  /** Set when the bulk job is closed: what its processing will come to. */
  processing?: {
    readonly closedAt: EpochMs;
    readonly durationMs: Milliseconds;
    readonly ends: "JobComplete" | "Failed" | "never";
  };
}

/** A bulk job's line in the state report. */
export interface BulkJobReport {
  readonly id: string;
  readonly sourceName: string;
  readonly object: string;
  readonly operation: Operation;
  readonly dataspace: string;
  readonly state: RemoteState;
  readonly createdAt: EpochMs;
  readonly modifiedAt: EpochMs;
  readonly refusedFiles: number;
  readonly files: readonly AcceptedFile[];
}

/** States that never change again. */
export const finalStates: ReadonlySet<RemoteState> = new Set(["JobComplete", "Failed", "Aborted"]);

/** Answer of create: as documented, with `systemModstamp` empty as live orgs leave it. */
export function createdWire(bulkJob: BulkJob): BulkJobWire {
  return { ...common(bulkJob), systemModstamp: "", contentUrl: contentUrl(bulkJob) };
}

/** Answer of the close or abort call, with the nulls that were recorded from a live org. */
export function patchedWire(bulkJob: BulkJob): BulkJobWire {
  return {
    ...common(bulkJob),
    systemModstamp: "",
    contentUrl: null,
    retries: null,
    totalProcessingTime: null,
  };
}

/** Answer of info, and each item of the list. */
export function infoWire(bulkJob: BulkJob): BulkJobWire {
  const final = finalStates.has(bulkJob.state);
  return {
    ...common(bulkJob),
    systemModstamp: final ? new Date(bulkJob.modifiedAt).toISOString() : "",
    contentUrl: contentUrl(bulkJob),
    retries: 0,
    totalProcessingTime: final ? Math.floor((bulkJob.modifiedAt - bulkJob.createdAt) / 1000) : 0,
  };
}

/** The line of a bulk job in the state report. */
export function bulkJobReport(bulkJob: BulkJob): BulkJobReport {
  const { id, sourceName, object, operation, dataspace, state, createdAt, modifiedAt } = bulkJob;
  const { refusedFiles, files } = bulkJob;
  return {
    id,
    sourceName,
    object,
    operation,
    dataspace,
    state,
    createdAt,
    modifiedAt,
    refusedFiles,
    files: [...files],
  };
}

function contentUrl(bulkJob: BulkJob): string {
  return `/api/v1/ingest/jobs/${bulkJob.id}/batches`;
}

function common(bulkJob: BulkJob): BulkJobWire {
  return {
    id: bulkJob.id,
    object: bulkJob.object,
    operation: bulkJob.operation,
    sourceName: bulkJob.sourceName,
    createdById: bulkJob.createdById,
    // Six fraction digits, as recorded; the clock has three.
    createdDate: new Date(bulkJob.createdAt).toISOString().replace("Z", "000Z"),
    state: bulkJob.state,
    contentType: "CSV",
    apiVersion: "v1",
  };
}
