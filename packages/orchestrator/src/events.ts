/**
 * Everything worth telling, as typed events. Steps emit; one subscriber logs, one writes the lines
 * and the progress of tasks, others may count. Events hold ids and measures, never cell values.
 */
import type { BulkJobEnd, LossSign, RemoteState, WaitReason } from "@headgate/core";

interface OfLoad {
  readonly loadId: string;
}
interface OfBulkJob {
  readonly bulkJobId: string;
  readonly object: string;
}

/** One thing that happened; `type` names it and is stable. */
export type HeadgateEvent =
  | ({ readonly type: "load.accepted"; readonly target: string; readonly via: string } & OfLoad)
  | ({
      readonly type: "load.reading";
      /** Source objects and bytes read so far. */
      readonly sourceObjects: number;
      readonly bytes: number;
    } & OfLoad)
  | ({
      readonly type: "load.planned";
      readonly sourceObjects: number;
      readonly parts: number;
      readonly bytes: number;
      readonly records: number;
    } & OfLoad)
  | ({ readonly type: "load.plan-delayed"; readonly code: string; readonly tries: number } & OfLoad)
  | ({
      readonly type: "load.suspect";
      /** What workers have died over, in a row. */
      readonly work: "planning" | "upload";
      readonly deaths: number;
    } & OfLoad)
  | ({
      readonly type: "load.ended";
      readonly state: string;
      readonly code?: string;
      readonly message?: string;
    } & OfLoad)
  /** Accepted a moment ago, and no longer in Redis. */
  | ({ readonly type: "load.vanished" } & OfLoad)
  | ({
      readonly type: "load.findings";
      /** How many of each rule. */
      readonly counts: Readonly<Record<string, number>>;
    } & OfLoad)
  | {
      readonly type: "schedule.run-started" | "schedule.run-skipped";
      readonly connection: string;
      readonly schedule: string;
      readonly run: string;
      readonly date: string;
      readonly cause: string;
      readonly reason?: string;
    }
  | {
      readonly type: "schedule.synced";
      readonly connection: string;
      readonly schedule: string;
      /** What headgate.yaml has done to it: added, changed, removed, or replaced the API's of this name. */
      readonly change: string;
    }
  | {
      readonly type: "schedule.run-waits";
      readonly connection: string;
      readonly schedule: string;
      readonly run: string;
      readonly target: string;
      readonly reason: string;
    }
  | {
      readonly type: "schedule.run-ended";
      readonly connection: string;
      readonly schedule: string;
      readonly run: string;
      readonly date: string;
      readonly state: string;
      readonly files: number;
      readonly bytes: number;
      readonly records: number;
      readonly code?: string;
      readonly message?: string;
    }
  | {
      readonly type: "claim.waits";
      readonly reason: WaitReason;
      readonly until?: number;
      readonly object: string;
    }
  | ({
      readonly type: "bulk-job.claimed";
      readonly parts: number;
      readonly loads: number;
      readonly bytes: number;
    } & OfBulkJob)
  | ({
      readonly type: "bulk-job.create-waits";
      readonly reason: WaitReason;
      readonly until?: number;
    } & OfBulkJob)
  | ({ readonly type: "bulk-job.create-unknown"; readonly code: string } & OfBulkJob)
  | ({
      readonly type: "bulk-job.opened";
      readonly remoteId: string;
      readonly adopted: boolean;
    } & OfBulkJob)
  | ({
      readonly type: "bulk-job.part-uploaded";
      readonly part: number;
      readonly parts: number;
      readonly bytes: number;
      readonly records: number;
      readonly bytesUploaded: number;
      readonly bytesInAll: number;
      readonly loadId: string;
      readonly sha256: string;
    } & OfBulkJob)
  | ({
      readonly type: "bulk-job.upload-unknown";
      readonly part: number;
      readonly code: string;
    } & OfBulkJob)
  | ({ readonly type: "bulk-job.part-returned"; readonly part: number } & OfBulkJob)
  | ({
      readonly type: "bulk-job.closed";
      readonly remoteId: string;
      readonly files: number;
    } & OfBulkJob)
  | ({ readonly type: "bulk-job.seen"; readonly remoteState: RemoteState } & OfBulkJob)
  | ({
      readonly type: "bulk-job.aborting";
      readonly code: string;
      readonly message: string;
    } & OfBulkJob)
  | ({
      readonly type: "bulk-job.ended";
      readonly end: BulkJobEnd;
      readonly message?: string;
    } & OfBulkJob)
  | ({
      readonly type: "bulk-job.call-failed";
      readonly call: string;
      readonly code: string;
      readonly message: string;
    } & OfBulkJob)
  | ({
      readonly type: "bulk-job.late";
      /** `slow`: twice as long as others took. `day`: 24 hours. */
      readonly lateness: string;
      readonly sinceMs: number;
      readonly medianMs: number;
    } & OfBulkJob)
  | {
      readonly type: "restarts.held";
      readonly connection: string;
      readonly object: string;
      readonly until: number;
    }
  | {
      readonly type: "tenant.unavailable";
      readonly connection: string;
      readonly code: string;
      readonly message: string;
    }
  | {
      readonly type: "ledger.lost";
      readonly connection: string;
      /** What was noticed, as a word and as a sentence. */
      readonly sign: LossSign;
      readonly message: string;
      /** Nobody creates a bulk job before this instant. */
      readonly frozenUntil: number;
      /** The API's ids of unfinished bulk jobs that may be ours and that the ledger does not know; at most 100. */
      readonly unknownBulkJobs: readonly string[];
      /** Loads that were under way and are no longer in the ledger; at most 100, and how many in all. */
      readonly missingLoads: readonly string[];
      readonly missingLoadsInAll: number;
    }
  | { readonly type: "gate.closed"; readonly connection: string; readonly until: number }
  | { readonly type: "foreign.seen"; readonly connection: string; readonly unfinished: number }
  | {
      readonly type: "record.unreadable";
      readonly connection: string;
      readonly what: string;
      readonly id: string;
      readonly message: string;
    }
  | {
      readonly type: "reaper.round";
      readonly connection: string;
      readonly seen: number;
      readonly aborted: number;
      readonly reported: number;
      /** Of those seen: bulk jobs of our own user that no call of ours has made. */
      readonly unclaimed: number;
    }
  | {
      readonly type: "reaper.acted";
      readonly connection: string;
      readonly remoteId: string;
      readonly decision: string;
      readonly why: string;
    }
  | {
      readonly type: "reaper.failed";
      readonly connection: string;
      readonly remoteId: string;
      readonly code: string;
      readonly message: string;
    }
  | {
      readonly type: "sweep.repaired";
      readonly connection: string;
      readonly what: string;
      readonly id: string;
    }
  | {
      readonly type: "errand.ended";
      readonly errand: string;
      readonly connection: string;
      readonly kind: string;
      readonly principal: string;
      readonly state: string;
      readonly code?: string;
      readonly message?: string;
    }
  | {
      readonly type: "intake.refused";
      readonly entry: string;
      readonly code: string;
      readonly message: string;
    }
  | {
      readonly type: "record.refused";
      readonly connection: string;
      readonly what: string;
      readonly id: string;
      readonly code: string;
    }
  | { readonly type: "uploads.removed"; readonly files: number }
  | { readonly type: "uploads.sweep-failed"; readonly message: string }
  | { readonly type: "redis.away"; readonly message: string }
  | { readonly type: "redis.unpatched"; readonly message: string }
  | {
      readonly type: "worker.stuck";
      readonly queue: string;
      readonly idleMs: number;
      /** What comes next: its loop is opened again, or the process ends. */
      readonly next: "reopen" | "end";
    }
  | {
      readonly type: "queue.lease-lost";
      readonly queue: string;
      readonly task: string;
      readonly reason: string;
    }
  | { readonly type: "queue.error"; readonly queue: string; readonly message: string };

/** Takes an event; must not throw. */
export type EmitEvent = (event: HeadgateEvent) => void;

/** Hands each event to all of these, in this order. */
export function teeEvents(...takers: readonly EmitEvent[]): EmitEvent {
  return (event) => {
    for (const take of takers) take(event);
  };
}

/** One readable line for an event: its type, then its measures as `name=value`. */
export function eventLine(event: HeadgateEvent): string {
  const { type, ...measures } = event;
  const words = Object.entries(measures)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${isOneWord(value) ? value : JSON.stringify(value)}`);
  return [type, ...words].join(" ");
}

function isOneWord(value: unknown): boolean {
  return typeof value === "string" ? !value.includes(" ") : typeof value !== "object";
}
