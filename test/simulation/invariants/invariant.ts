/** What an invariant is told of, and what it may look at. */
import type { BulkJob } from "@headgate/emulator/tenant";
import type { HeadgateEvent } from "@headgate/orchestrator";
import type { Keyspace } from "@headgate/orchestrator/memory-redis";
import type { Counters } from "../counters.ts";
import type { Machine } from "../machine.ts";
import type { Plan } from "../plan.ts";
import type { TaskStore } from "../queue/task-store.ts";
import type { Tenant, TenantFile } from "../tenant/tenant.ts";
import type { LoadSpec, Workload } from "../workload.ts";
import type { LoadFacts } from "./ledger-view.ts";

/** Everything an invariant may look at, at no cost of virtual time. */
export interface View {
  readonly plan: Plan;
  readonly workload: Workload;
  readonly now: () => number;
  readonly keyspace: Keyspace;
  readonly tasks: TaskStore;
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly counters: Counters;
  readonly machines: () => readonly Machine[];
  /** Last instant at which Redis did not answer, or took no writes. */
  readonly redisAwayUntil: () => number;
  /** First part of a connection's keys. */
  readonly baseOf: (connection: string) => string;
  /** Every load that the ledger has, for `ledgerChanged` only: read once for all that are told. */
  readonly changedLoads: (connection: string) => readonly LoadFacts[];
  /** Source objects that were replaced or deleted. */
  readonly touchedUris: ReadonlySet<string>;
  /** Lines of a source object's content, by its pin. */
  readonly linesOfPin: (pin: string) => readonly string[] | undefined;
  /** Ends the run as failed. */
  readonly violate: (invariant: string, message: string) => void;
}

/** A tenant's name is that of its connection. All are optional. */
export interface Hooks {
  createLeaves(machine: Machine, connection: string): void;
  createArrived(connection: string, object: string): void;
  made(connection: string, bulkJob: BulkJob): void;
  uploadBegins(machine: Machine, remoteId: string): () => void;
  uploadArrived(connection: string, bulkJob: BulkJob): void;
  fileAccepted(connection: string, bulkJob: BulkJob, file: TenantFile): void;
  closed(connection: string, bulkJob: BulkJob): void;
  completed(connection: string, bulkJob: BulkJob, files: readonly TenantFile[]): void;
  /** A 429 on create has reached a machine. */
  throttled(machine: Machine, connection: string, retryAfterMs: number | undefined): void;
  accepted(load: LoadSpec, loadId: string): void;
  emitted(machine: Machine, event: HeadgateEvent): void;
  /** Loads, lines or bulk jobs of the connection may have changed. */
  ledgerChanged(connection: string): void;
  /** Redis has lost some of what it had answered. */
  redisLost(): void;
  drainBegins(machine: Machine): void;
  drained(machine: Machine): void;
  /** Faults come no more. */
  quiet(): void;
  /** After each event while it is quiet. */
  settled(): void;
  ended(): void;
}

export type Invariant = Partial<Hooks>;

/** All hooks; each tells every invariant that has it. */
export function tellAll(invariants: readonly Invariant[]): Hooks {
  const each = (tell: (invariant: Invariant) => void): void => invariants.forEach(tell);
  // Told after each of millions of events.
  const settling = invariants.filter(({ settled }) => settled !== undefined);
  return {
    createLeaves: (...told) => each((one) => one.createLeaves?.(...told)),
    createArrived: (...told) => each((one) => one.createArrived?.(...told)),
    made: (...told) => each((one) => one.made?.(...told)),
    uploadBegins(...told) {
      const ends = invariants.flatMap((one) => one.uploadBegins?.(...told) ?? []);
      return () => {
        for (const end of ends) end();
      };
    },
    uploadArrived: (...told) => each((one) => one.uploadArrived?.(...told)),
    fileAccepted: (...told) => each((one) => one.fileAccepted?.(...told)),
    closed: (...told) => each((one) => one.closed?.(...told)),
    completed: (...told) => each((one) => one.completed?.(...told)),
    throttled: (...told) => each((one) => one.throttled?.(...told)),
    accepted: (...told) => each((one) => one.accepted?.(...told)),
    emitted: (...told) => each((one) => one.emitted?.(...told)),
    ledgerChanged: (...told) => each((one) => one.ledgerChanged?.(...told)),
    redisLost: () => each((one) => one.redisLost?.()),
    drainBegins: (...told) => each((one) => one.drainBegins?.(...told)),
    drained: (...told) => each((one) => one.drained?.(...told)),
    quiet: () => each((one) => one.quiet?.()),
    settled() {
      for (const one of settling) one.settled?.();
    },
    ended: () => each((one) => one.ended?.()),
  };
}
