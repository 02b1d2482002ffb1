/** What people and programs see of loads and quota: plain JSON, stable names, ISO 8601 instants in UTC. */
import type {
  BulkJobEnd,
  BulkJobPhase,
  LoadState,
  LossSign,
  Operation,
  RemoteState,
} from "@headgate/core";
import type { LoadRequest } from "./load-request.ts";

/** Counts of one kind of thing, on its way through a load. */
export interface Progress {
  /** In the whole load; 0 until it is planned. */
  readonly planned: number;
  /** Accepted by the API in bulk jobs of this load that are alive or complete. */
  readonly uploaded: number;
  /** In bulk jobs that the API has completed. */
  readonly settled: number;
}

/** A bulk job that holds or held parts of a load. */
export interface BulkJobView {
  /** headgate's own id, which is also the id of its task in the `bulk-jobs` queue. */
  readonly id: string;
  /** The API's id, once known. */
  readonly remoteId?: string;
  readonly phase: BulkJobPhase;
  readonly end?: BulkJobEnd;
  /** The API's state, as last seen. */
  readonly remoteState?: RemoteState;
  /** Files in the bulk job, of this and other loads. */
  readonly files: number;
  readonly uploadedFiles: number;
}

/** A load. */
export interface LoadView {
  readonly id: string;
  readonly connection: string;
  readonly sourceName: string;
  readonly object: string;
  readonly operation: Operation;
  readonly state: LoadState;
  /** Why it failed: a stable code such as `source_changed`, and a sentence. */
  readonly reason?: { readonly code: string; readonly message: string };
  readonly source: LoadRequest["source"];
  /** The run of a schedule that brought it. */
  readonly run?: string;
  /** The load that this one brings again. */
  readonly retryOf?: string;
  /** Findings of preflight, all rules together; absent before planning. */
  readonly findings?: number;
  /** Who asked, and by which way: `http`, `stream`, `schedule`. */
  readonly principal: string;
  readonly via: string;
  readonly acceptedAt: string;
  readonly plannedAt?: string;
  readonly endedAt?: string;
  readonly sourceObjects: number;
  readonly parts: Progress;
  readonly bytes: Progress;
  readonly records: Progress;
  /** Absent in lists. */
  readonly bulkJobs?: readonly BulkJobView[];
}

/** A page of loads, newest first. */
export interface LoadPage {
  readonly loads: readonly LoadView[];
  /** Pass as `cursor` for the next page; absent on the last one. */
  readonly nextCursor?: string;
}

/** One part of a load: one CSV body, and one file of a bulk job. */
export interface PartView {
  /** Number within the load, from 0. */
  readonly number: number;
  /** `settled`: its bulk job is complete. `uploaded`, `claimed`: it is in an unfinished one. */
  readonly state: "waiting" | "claimed" | "uploaded" | "settled";
  /** Length of the whole body, header included. */
  readonly bytes: number;
  readonly records: number;
  /** headgate's id of the bulk job that holds it. */
  readonly bulkJob?: string;
  /** Of the body that was uploaded, in hex. */
  readonly sha256?: string;
  /** What it is made of, in order: bytes `from` (included) to `to` (excluded) of files, as CSV. */
  readonly files: readonly { readonly uri: string; readonly from: number; readonly to: number }[];
}

export interface PartPage {
  readonly parts: readonly PartView[];
  readonly nextCursor?: string;
}

/** A loss of data in Redis, and whom it concerns. */
export interface LossView {
  /** When it was noticed. */
  readonly at: string;
  /** Nothing is created before. */
  readonly frozenUntil: string;
  readonly sign: LossSign;
  /** The sign as a sentence. */
  readonly message: string;
  /** The API's ids of bulk jobs that may be ours and that were not in Redis; at most 100. */
  readonly unknownBulkJobs: readonly string[];
  /** Loads that were under way and are gone; at most 100. */
  readonly missingLoads: readonly string[];
}

/** A connection's quota. */
export interface QuotaView {
  readonly connection: string;
  readonly slots: {
    readonly limit: number;
    readonly reserved: number;
    readonly windowSeconds: number;
    /** Stamped in the window now, ours and other tools'. */
    readonly used: number;
    readonly foreign: number;
    /** How many headgate could create at this instant if permits were free. */
    readonly free: number;
    /** When each used slot returns, earliest first. */
    readonly returnsAt: readonly string[];
  };
  readonly permits: {
    readonly limit: number;
    readonly reserved: number;
    readonly used: number;
    readonly foreign: number;
    readonly holders: readonly {
      readonly bulkJob: string;
      readonly sourceName: string;
      readonly object: string;
      readonly phase: BulkJobPhase;
      /** Since when it holds the permit. */
      readonly since: string;
      /** The loads whose parts it carries. */
      readonly loads: readonly string[];
    }[];
  };
  /** Present while a 429 keeps the fleet from creating. */
  readonly gateClosedUntil?: string;
  /** Present for 7 days after Redis was seen to have lost data. */
  readonly lost?: LossView;
  /** Lines with waiting work: object and number of loads. */
  readonly waiting: readonly { readonly object: string; readonly loads: number }[];
}
