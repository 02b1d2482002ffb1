/**
 * The bulk jobs and their states.
 *
 * A bulk job is born Open and takes files, one at a time, at most 100. The client closes it to
 * UploadComplete or aborts it. Half of the processing time after the close it is InProgress, after
 * the whole of it JobComplete, and only then its rows are applied to the object; a fault may make
 * it Failed, or never end. From Open and UploadComplete it may be aborted, which discards its
 * files. JobComplete, Failed and Aborted are final. All but Open and InProgress may be deleted.
 * Open and UploadComplete bulk jobs older than 7 days vanish.
 *
 * `settle` brings every state up to the clock; each request calls it first.
 */
import { randomUUID } from "node:crypto";
import { after, type EpochMs, milliseconds, type RemoteState } from "@headgate/core";
import { maxListLimit } from "@headgate/ingestion-api/contract";
import type { EmulatorSettings } from "../settings.ts";
import type { Arrival, ArrivalLog } from "./arrival-log.ts";
import { type AcceptedFile, type BulkJob, finalStates, type NewBulkJob } from "./bulk-job.ts";
import type { FileRows, ObjectStore } from "./object-data.ts";
import { refusal } from "./refusal.ts";

/** A page of the list: parsed, with defaults. */
export interface ListQuery {
  readonly limit: number;
  readonly offset: number;
  readonly orderBy: ListOrder;
  readonly states: readonly RemoteState[] | undefined;
}

/** Values of `orderBy`. */
export const listOrders = ["systemModstamp", "createdDate", "id", "state", "object"] as const;
export type ListOrder = (typeof listOrders)[number];

/** A file that the judge has passed: what is reported of it, and its rows. */
export interface PassedFile {
  readonly file: AcceptedFile;
  readonly rows: FileRows;
}

/** Every bulk job of the tenant, kept within its limits. */
export class BulkJobs {
  readonly #settings: EmulatorSettings;
  readonly #objects: ObjectStore;
  readonly #creations: ArrivalLog;
  readonly #newId: () => string;
  readonly #byId = new Map<string, BulkJob>();
  #created = 0;
  #mostUnfinished = 0;
  #mostFiles = 0;

  /** `newId` gives ids that were never given before; by default random UUIDs, as the API does. */
  constructor(
    settings: EmulatorSettings,
    objects: ObjectStore,
    creations: ArrivalLog,
    newId: () => string = randomUUID,
  ) {
    this.#settings = settings;
    this.#objects = objects;
    this.#creations = creations;
    this.#newId = newId;
  }

  /** The most bulk jobs that were ever unfinished at a time. */
  get mostUnfinished(): number {
    return this.#mostUnfinished;
  }

  /** The most files that one bulk job ever accepted. */
  get mostFiles(): number {
    return this.#mostFiles;
  }

  all(): readonly BulkJob[] {
    return [...this.#byId.values()];
  }

  /** Brings every bulk job to the state it has at `now`, in the order in which things happened. */
  settle(now: EpochMs): void {
    const completed: BulkJob[] = [];
    for (const bulkJob of this.#byId.values()) {
      if (finalStates.has(bulkJob.state)) continue;
      progress(bulkJob, now);
      if (bulkJob.state === "JobComplete") completed.push(bulkJob);
      if (bulkJob.state === "Failed") bulkJob.rows = [];
      const removable = bulkJob.state === "Open" || bulkJob.state === "UploadComplete";
      if (removable && now - bulkJob.createdAt > this.#settings.retentionMs)
        this.#byId.delete(bulkJob.id);
    }
    completed.sort((a, b) => a.modifiedAt - b.modifiedAt || a.number - b.number);
    for (const bulkJob of completed) {
      const { sourceName, object, operation, rows } = bulkJob;
      this.#objects.of(sourceName, object, this.#settings).complete(operation, rows);
      bulkJob.rows = [];
    }
  }

  /** Creates a bulk job, or refuses: 429 over a limit, 409 while the object has an unfinished one. */
  create(wanted: NewBulkJob, arrival: Arrival, now: EpochMs): BulkJob {
    const settings = this.#settings;
    const waitMs = this.#creations.excess(arrival);
    if (waitMs !== undefined && settings.slotReading !== "every-request") {
      throw refusal(429, `more than ${settings.slotsPerWindow} bulk jobs in an hour`, { waitMs });
    }
    const unfinished = this.all().filter((bulkJob) => !finalStates.has(bulkJob.state));
    const { sourceName, object } = wanted;
    const rival = unfinished.find(
      (bulkJob) => bulkJob.sourceName === sourceName && bulkJob.object === object,
    );
    if (settings.oneBulkJobPerObject && rival !== undefined) {
      throw refusal(409, "The request conflicts with the current state of the target resource.");
    }
    if (unfinished.length >= settings.maxUnfinishedBulkJobs) {
      throw refusal(429, `more than ${settings.maxUnfinishedBulkJobs} bulk jobs at one time`);
    }
    this.#created += 1;
    const bulkJob: BulkJob = {
      ...wanted,
      id: this.#newId(),
      number: this.#created,
      createdAt: now,
      modifiedAt: now,
      state: "Open",
      uploading: false,
      files: [],
      rows: [],
      refusedFiles: 0,
    };
    this.#byId.set(bulkJob.id, bulkJob);
    this.#mostUnfinished = Math.max(this.#mostUnfinished, unfinished.length + 1);
    return bulkJob;
  }

  /** The bulk job of this id, or refuses with 404. */
  get(id: string): BulkJob {
    const bulkJob = this.#byId.get(id);
    if (bulkJob === undefined) throw refusal(404, `there is no bulk job ${id}`);
    return bulkJob;
  }

  list(query: ListQuery): readonly BulkJob[] {
    const wanted = this.all().filter(({ state }) => query.states?.includes(state) ?? true);
    wanted.sort((a, b) => compare(a, b, query.orderBy) || a.number - b.number);
    if (this.#settings.listDirection === "descending") wanted.reverse();
    return wanted.slice(query.offset, query.offset + Math.min(query.limit, maxListLimit));
  }

  /** Marks an upload as running; refuses with 409 unless Open and idle, with 400 when full. */
  beginUpload(bulkJob: BulkJob): void {
    if (bulkJob.state !== "Open")
      throw refusal(409, `bulk job is ${bulkJob.state} and takes no files`);
    if (bulkJob.uploading) throw refusal(409, "another file of this bulk job is being uploaded");
    const { maxFilesPerBulkJob } = this.#settings;
    if (bulkJob.files.length >= maxFilesPerBulkJob) {
      throw refusal(400, `bulk job already has ${maxFilesPerBulkJob} files`);
    }
    bulkJob.uploading = true;
  }

  /** Adds a passed file; refuses if the bulk job was aborted or vanished during the upload. */
  acceptFile(bulkJob: BulkJob, passed: PassedFile): void {
    if (this.get(bulkJob.id).state !== "Open") {
      throw refusal(409, `bulk job became ${bulkJob.state} during the upload`);
    }
    bulkJob.files.push(passed.file);
    bulkJob.rows.push(passed.rows);
    this.#mostFiles = Math.max(this.#mostFiles, bulkJob.files.length);
  }

  /** Open to UploadComplete. `fault`, asked only where the close is legal, spoils the processing. */
  close(bulkJob: BulkJob, now: EpochMs, fault: () => string | undefined): void {
    if (bulkJob.state !== "Open")
      throw refusal(409, `bulk job is ${bulkJob.state} and cannot be closed`);
    if (bulkJob.uploading) throw refusal(409, "a file of this bulk job is being uploaded");
    const durationMs = milliseconds(this.#settings.processingMs);
    const spoiled = fault();
    const ends = spoiled === "fail" ? "Failed" : spoiled === "stuck" ? "never" : "JobComplete";
    bulkJob.state = "UploadComplete";
    bulkJob.modifiedAt = now;
    bulkJob.processing = { closedAt: now, durationMs, ends };
  }

  /** Open or UploadComplete to Aborted; uploaded data is discarded. */
  abort(bulkJob: BulkJob, now: EpochMs): void {
    const allowed =
      bulkJob.state === "Open" ||
      (bulkJob.state === "UploadComplete" && this.#settings.abortUploadComplete);
    if (!allowed) throw refusal(409, `bulk job is ${bulkJob.state} and cannot be aborted`);
    bulkJob.state = "Aborted";
    bulkJob.modifiedAt = now;
    bulkJob.rows = [];
  }

  delete(bulkJob: BulkJob): void {
    if (bulkJob.state === "Open" || bulkJob.state === "InProgress") {
      throw refusal(409, `bulk job is ${bulkJob.state} and cannot be deleted`);
    }
    this.#byId.delete(bulkJob.id);
  }
}

function progress(bulkJob: BulkJob, now: EpochMs): void {
  const { processing } = bulkJob;
  if (processing === undefined) return;
  const { closedAt, durationMs, ends } = processing;
  const begins = after(closedAt, milliseconds(durationMs / 2));
  const finishes = after(closedAt, durationMs);
  if (ends !== "never" && now >= finishes) {
    bulkJob.state = ends;
    bulkJob.modifiedAt = finishes;
  } else if (now >= begins) {
    bulkJob.state = "InProgress";
    bulkJob.modifiedAt = begins;
  }
}

function compare(a: BulkJob, b: BulkJob, orderBy: ListOrder): number {
  switch (orderBy) {
    case "systemModstamp":
      return a.modifiedAt - b.modifiedAt;
    case "createdDate":
      return a.createdAt - b.createdAt;
    default:
      return a[orderBy] < b[orderBy] ? -1 : Number(a[orderBy] > b[orderBy]);
  }
}
