/** `Loads` in memory, true to its contract, whose loads a test moves on by hand. */
import { BulkError, isFinalLoadState } from "@headgate/core";
import type {
  Accepted,
  Caller,
  LoadFilter,
  LoadPage,
  LoadRequest,
  Loads,
  LoadView,
  QuotaView,
} from "@headgate/orchestrator/producer";

export interface InMemoryLoads extends Loads {
  /** Replaces properties of a load, as a worker would. */
  move(id: string, change: Partial<LoadView>): void;
  /** While true, every method throws ERR_REDIS_AWAY. */
  away: boolean;
  /** Makes `accept` throw this once. */
  failNextWith(error: Error): void;
  /** Settles when `get` is called the next time. */
  nextGet(): Promise<void>;
  readonly accepted: readonly { readonly request: LoadRequest; readonly caller: Caller }[];
}

const nothing = { planned: 0, uploaded: 0, settled: 0 };

/** Starts with no loads, one connection `default`, and a quota of which 3 slots are used. */
export function createInMemoryLoads(connections: readonly string[] = ["default"]): InMemoryLoads {
  const loads = new Map<string, LoadView>();
  const replays = new Map<string, { body: string; id: string }>();
  const accepted: { request: LoadRequest; caller: Caller }[] = [];
  const getWaiters: (() => void)[] = [];
  let nextFailure: Error | undefined;

  function reach(): void {
    if (self.away) throw new BulkError("ERR_REDIS_AWAY", "Redis cannot be reached");
  }
  function known(connection: string): void {
    if (!connections.includes(connection))
      throw new BulkError("ERR_UNKNOWN_CONNECTION", `no connection ${connection}`, {
        fields: { connection },
      });
  }
  function existing(id: string): LoadView {
    const load = loads.get(id);
    if (load === undefined)
      throw new BulkError("ERR_LOAD_NOT_FOUND", `there is no load ${id}`, { fields: { load: id } });
    return load;
  }

  const self: InMemoryLoads = {
    away: false,
    accepted,
    failNextWith(error) {
      nextFailure = error;
    },
    move(id, change) {
      loads.set(id, { ...existing(id), ...change });
    },
    nextGet: () => new Promise((resolve) => getWaiters.push(resolve)),
    async accept(request, { caller, idempotencyKey, batch = "" }): Promise<Accepted> {
      reach();
      if (nextFailure !== undefined) {
        const failure = nextFailure;
        nextFailure = undefined;
        throw failure;
      }
      known(request.connection);
      const replayKey = `${caller.principal} ${idempotencyKey}`;
      const replay = idempotencyKey === undefined ? undefined : replays.get(replayKey);
      if (replay !== undefined) {
        if (replay.body !== JSON.stringify(request) + batch)
          throw new BulkError("ERR_IDEMPOTENCY_CONFLICT", "the key was used for another request");
        return { load: existing(replay.id), replayed: true };
      }
      const id = `${request.connection}.${loads.size + 1}`;
      const { connection, sourceName, object, operation, source } = request;
      loads.set(id, {
        ...{ id, connection, sourceName, object, operation, source, state: "accepted" },
        ...{ principal: caller.principal, via: caller.via, acceptedAt: "2026-01-01T00:00:00.000Z" },
        ...{ sourceObjects: 0, parts: nothing, bytes: nothing, records: nothing, bulkJobs: [] },
      });
      if (idempotencyKey !== undefined)
        replays.set(replayKey, { body: JSON.stringify(request) + batch, id });
      accepted.push({ request, caller });
      return { load: existing(id), replayed: false };
    },
    async get(id) {
      for (const wake of getWaiters.splice(0)) wake();
      reach();
      return loads.get(id);
    },
    async list(filter: LoadFilter): Promise<LoadPage> {
      reach();
      const start = filter.cursor === undefined ? 0 : Number(filter.cursor);
      if (!Number.isInteger(start))
        throw new BulkError("ERR_REQUEST_INVALID", "the cursor is not one of this API", {
          fields: { field: "cursor" },
        });
      const matching = [...loads.values()]
        .reverse()
        .filter((load) => (filter.connection ?? load.connection) === load.connection)
        .filter((load) => filter.states?.includes(load.state) ?? true)
        .filter((load) => (filter.principal ?? load.principal) === load.principal)
        .filter((load) => (filter.object ?? load.object) === load.object)
        .map(({ bulkJobs: _, ...load }) => load);
      const end = start + (filter.limit ?? 20);
      const page = { loads: matching.slice(start, end) };
      return end < matching.length ? { ...page, nextCursor: String(end) } : page;
    },
    async cancel(id) {
      reach();
      const load = existing(id);
      if (load.state === "cancelled") return load;
      if (isFinalLoadState(load.state) || load.state === "processing")
        throw new BulkError("ERR_LOAD_STATE", `load ${id} is ${load.state}: too late to cancel`, {
          fields: { load: id, state: load.state },
        });
      self.move(id, { state: "cancelled" });
      return existing(id);
    },
    oneAtATime: (work) => work(),
    async check(request) {
      reach();
      known(request.connection);
    },
    async retry(id) {
      reach();
      const load = existing(id);
      if (load.state !== "failed" && load.state !== "cancelled")
        throw new BulkError("ERR_LOAD_STATE", `load ${id} is ${load.state}`);
      const again = `${load.connection}.${loads.size + 1}`;
      loads.set(again, { ...load, id: again, state: "accepted", retryOf: id });
      return { load: existing(again), replayed: false };
    },
    async findings(id) {
      reach();
      return loads.has(id) ? { policy: "refuse", counts: {}, findings: [] } : undefined;
    },
    async parts(id) {
      reach();
      return loads.has(id) ? { parts: [] } : undefined;
    },
    async quota(connection) {
      reach();
      if (connection !== undefined) known(connection);
      return (connection === undefined ? connections : [connection]).map(quotaOf);
    },
    async ping() {
      reach();
    },
  };
  return self;
}

function quotaOf(connection: string): QuotaView {
  return {
    connection,
    slots: {
      ...{ limit: 20, reserved: 2, windowSeconds: 3600, used: 3, foreign: 1, free: 15 },
      returnsAt: ["2026-01-01T00:10:00.000Z"],
    },
    permits: {
      ...{ limit: 5, reserved: 0, used: 1, foreign: 0 },
      holders: [
        {
          ...{ bulkJob: "b1", sourceName: "web", object: "order", phase: "uploading" },
          ...{ since: "2026-01-01T00:00:00.000Z", loads: ["default.1"] },
        },
      ],
    },
    lost: {
      ...{ at: "2026-01-01T00:00:00.000Z", frozenUntil: "2026-01-01T01:00:30.000Z" },
      ...{ sign: "emptied", message: "the ledger is empty" },
      ...{ unknownBulkJobs: ["r1"], missingLoads: ["default.7"] },
    },
    waiting: [{ object: "web/order", loads: 2 }],
  };
}
