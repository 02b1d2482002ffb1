/**
 * One tenant: the emulator's rules without HTTP, on virtual time. It keeps the records of each file in
 * the order in which they were applied, and tells a watch of all that happens to it.
 */
import { BulkError, epochMs, type Operation, type RemoteBulkJob } from "@headgate/core";
import {
  ArrivalLog,
  type BulkJob,
  BulkJobs,
  finalStates,
  HashSum,
  ObjectStore,
  parseSettings,
  RowLog,
} from "@headgate/emulator/tenant";

/** A file that a bulk job has accepted: its records as lines, the header of an upsert first. */
export interface TenantFile {
  readonly lines: readonly string[];
}

/** What the fleet did; `ours` is false for other tools. */
export interface TenantWatch {
  createArrived(
    ours: boolean,
    target: { readonly sourceName: string; readonly object: string },
  ): void;
  made(bulkJob: BulkJob, ours: boolean): void;
  /** An upload has begun to an Open bulk job. */
  uploadArrived(bulkJob: BulkJob): void;
  fileAccepted(bulkJob: BulkJob, file: TenantFile): void;
  closed(bulkJob: BulkJob, ours: boolean): void;
  /** Its files were applied, in this order. */
  completed(bulkJob: BulkJob, files: readonly TenantFile[]): void;
}

export interface TenantOptions {
  readonly name: string;
  readonly now: () => number;
  /** What its clock is ahead of true time. */
  readonly aheadMs: number;
  readonly slots: number;
  readonly permits: number;
  /** Whether it refuses a second unfinished bulk job of an object. */
  readonly oneBulkJobPerObject: boolean;
  readonly maxFiles: number;
  readonly processingMs: number;
  readonly retentionMs: number;
  readonly watch: TenantWatch;
  readonly newId: () => string;
}

/** How the processing of a closed bulk job is spoiled. */
export type Spoiling = "fail" | { readonly lastsMs: number };

export const ourUser = "0055f000001";
export const foreignUser = "0055f000002";

export interface Tenant {
  readonly name: string;
  readonly aheadMs: number;
  create(target: NewTarget, user: string): RemoteBulkJob;
  beginUpload(id: string): BulkJob;
  endUpload(bulkJob: BulkJob): void;
  accept(bulkJob: BulkJob, file: TenantFile): void;
  close(id: string, user: string, spoiled?: Spoiling): RemoteBulkJob;
  abort(id: string): RemoteBulkJob;
  remove(id: string): void;
  info(id: string): RemoteBulkJob;
  list(states: readonly string[]): readonly RemoteBulkJob[];
  /** Brings all up to now. */
  settle(): void;
  unfinished(): readonly BulkJob[];
}

export interface NewTarget {
  readonly sourceName: string;
  readonly object: string;
  readonly operation: Operation;
}

const schema = { name: "any", fields: [{ name: "id", type: "text" }], primaryKey: "id" } as const;

export function createTenant(options: TenantOptions): Tenant {
  const { name, aheadMs, watch } = options;
  const settings = parseSettings({
    slotsPerWindow: options.slots,
    maxUnfinishedBulkJobs: options.permits,
    oneBulkJobPerObject: options.oneBulkJobPerObject,
    maxFilesPerBulkJob: options.maxFiles,
    processingMs: options.processingMs,
    retentionMs: options.retentionMs,
    keepKeys: false,
  });
  const creations = new ArrivalLog(settings);
  const bulkJobs = new BulkJobs(settings, new ObjectStore(), creations, options.newId);
  const files = new Map<string, TenantFile[]>();
  const processing = new Set<BulkJob>();
  const now = () => epochMs(options.now() + aheadMs);

  function settle(): void {
    bulkJobs.settle(now());
    const ended = [...processing]
      .filter(({ state }) => finalStates.has(state))
      .sort((a, b) => a.modifiedAt - b.modifiedAt || a.number - b.number);
    for (const bulkJob of ended) {
      processing.delete(bulkJob);
      if (bulkJob.state === "JobComplete") watch.completed(bulkJob, files.get(bulkJob.id) ?? []);
      files.delete(bulkJob.id);
    }
  }

  function found(id: string): BulkJob {
    settle();
    return bulkJobs.get(id);
  }

  return {
    name,
    aheadMs,
    create(target, user) {
      settle();
      const ours = user === ourUser;
      watch.createArrived(ours, target);
      const arrival = creations.arrive(now());
      const facts = { ...target, schema, createdById: user, dataspace: "default" };
      const bulkJob = bulkJobs.create(facts, arrival, now());
      files.set(bulkJob.id, []);
      watch.made(bulkJob, ours);
      return remoteOf(bulkJob);
    },
    beginUpload(id) {
      const bulkJob = found(id);
      if (bulkJob.state === "Open") watch.uploadArrived(bulkJob);
      bulkJobs.beginUpload(bulkJob);
      return bulkJob;
    },
    endUpload(bulkJob) {
      bulkJob.uploading = false;
    },
    accept(bulkJob, file) {
      settle();
      const rows = { rows: 0, hash: new HashSum(), log: new RowLog() };
      const bytes = file.lines.join("\n").length;
      const accepted = { bytes, rows: file.lines.length, hash: "", sha256: "" };
      bulkJobs.acceptFile(bulkJob, { file: accepted, rows });
      files.get(bulkJob.id)?.push(file);
      watch.fileAccepted(bulkJob, file);
    },
    close(id, user, spoiled) {
      const bulkJob = found(id);
      bulkJobs.close(bulkJob, now(), () => (spoiled === "fail" ? "fail" : undefined));
      if (spoiled !== undefined && spoiled !== "fail" && bulkJob.processing !== undefined)
        Object.assign(bulkJob.processing, { durationMs: spoiled.lastsMs });
      processing.add(bulkJob);
      watch.closed(bulkJob, user === ourUser);
      return remoteOf(bulkJob);
    },
    abort(id) {
      const bulkJob = found(id);
      bulkJobs.abort(bulkJob, now());
      processing.delete(bulkJob);
      files.delete(id);
      return remoteOf(bulkJob);
    },
    remove(id) {
      const bulkJob = found(id);
      if (bulkJob.state === "Open") bulkJobs.abort(bulkJob, now());
      bulkJobs.delete(bulkJob);
      processing.delete(bulkJob);
      files.delete(id);
    },
    info: (id) => remoteOf(found(id)),
    list(states) {
      settle();
      return bulkJobs
        .all()
        .filter(({ state }) => states.includes(state))
        .map(remoteOf);
    },
    settle,
    unfinished: () => bulkJobs.all().filter(({ state }) => !finalStates.has(state)),
  };
}

function remoteOf(bulkJob: BulkJob): RemoteBulkJob {
  const { id, sourceName, object, operation, state, createdById, createdAt } = bulkJob;
  return { id, sourceName, object, operation, state, createdById, createdAt };
}

/** The error of a call whose request was sent and whose answer is not known. */
export function unknownOutcome(call: string): BulkError {
  return new BulkError("ERR_API_UNKNOWN_OUTCOME", `${call}: no answer came`);
}

/** The lines of a file that has no line end within a record. */
export function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}
