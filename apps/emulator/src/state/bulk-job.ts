/** One bulk job as the emulator keeps it, and the forms in which it is shown. */
import type { EpochMs, Milliseconds, Operation, RemoteState } from "@headgate/core";
import type { BulkJobWire, ObjectSchema } from "@headgate/ingestion-api/contract";
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

export const finalStates: ReadonlySet<RemoteState> = new Set(["JobComplete", "Failed", "Aborted"]);

/** Answer of create: as documented, with `systemModstamp` empty as live orgs leave it. */
export function createdWire(job: BulkJob): BulkJobWire {
  return { ...common(job), systemModstamp: "", contentUrl: contentUrl(job) };
}

/** Answer of the close or abort call, with the nulls that were recorded from a live org. */
export function patchedWire(job: BulkJob): BulkJobWire {
  return {
    ...common(job),
    systemModstamp: "",
    contentUrl: null,
    retries: null,
    totalProcessingTime: null,
  };
}

/** Answer of info, and each item of the list. */
export function infoWire(job: BulkJob): BulkJobWire {
  const final = finalStates.has(job.state);
  return {
    ...common(job),
    systemModstamp: final ? new Date(job.modifiedAt).toISOString() : "",
    contentUrl: contentUrl(job),
    retries: 0,
    totalProcessingTime: final ? Math.floor((job.modifiedAt - job.createdAt) / 1000) : 0,
  };
}

export function bulkJobReport(job: BulkJob): BulkJobReport {
  const { id, sourceName, object, operation, dataspace, state, createdAt, modifiedAt } = job;
  const { refusedFiles, files } = job;
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

function contentUrl(job: BulkJob): string {
  return `/api/v1/ingest/jobs/${job.id}/batches`;
}

function common(job: BulkJob): BulkJobWire {
  return {
    id: job.id,
    object: job.object,
    operation: job.operation,
    sourceName: job.sourceName,
    createdById: job.createdById,
    // Six fraction digits, as recorded; the clock has three.
    createdDate: new Date(job.createdAt).toISOString().replace("Z", "000Z"),
    state: job.state,
    contentType: "CSV",
    apiVersion: "v1",
  };
}
