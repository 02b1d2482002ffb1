/** The door to loads on Redis: records first, then the task; a sweep repairs what lies between. */
import { BulkError, checkConnection, checkSelection, checkTarget } from "@headgate/core";
import type { Redis } from "ioredis";
import { bringLoad, hash, pendingIn, tooManyPending } from "./bring-load.ts";
import { connectionNamed } from "./connection-named.ts";
import type { EmitEvent } from "./events.ts";
import type { LoadMark } from "./ledger/accept.ts";
import { readableBulkJob } from "./ledger/bulk-job-record.ts";
import { cancelLoad } from "./ledger/cancel.ts";
import { whileInFlight } from "./ledger/in-flight.ts";
import { guarded, type Ledger, ledgerNow } from "./ledger/ledger.ts";
import { connectionOf, type LoadRecord, readFindings, readLoad } from "./ledger/load-record.ts";
import { readConnectors } from "./ledger/published.ts";
import { listLoads } from "./list-loads.ts";
import { listParts } from "./list-parts.ts";
import { type LoadRequest, loadTitle, selectionOf } from "./load-request.ts";
import { bulkJobView, loadView } from "./load-view.ts";
import type { Accepted, Caller, Loads } from "./loads.ts";
import type { Chance } from "./ports.ts";
import { readQuota } from "./quota.ts";
import { tampered } from "./seals/seals.ts";
import type { TaskSignals } from "./steps/context.ts";
import type { LoadView } from "./views.ts";

/** What the door needs of one connection. */
export interface LoadsConnection {
  readonly ledger: Ledger;
  readonly signals: TaskSignals;
}

export interface RedisLoadsOptions {
  readonly redis: Redis;
  /** First word of every key. */
  readonly prefix: string;
  readonly connections: ReadonlyMap<string, LoadsConnection>;
  readonly chance: Chance;
  readonly emit: EmitEvent;
}

/** Loads of these connections; see `Loads` for what each method promises. */
export function createRedisLoads(options: RedisLoadsOptions): Loads {
  const { connections } = options;
  const ledgers = new Map([...connections].map(([name, { ledger }]) => [name, ledger]));

  const connection = (name: string): LoadsConnection => connectionNamed(connections, name);

  async function viewOf(loadId: string): Promise<LoadView | undefined> {
    const ledger = ledgers.get(connectionOf(loadId));
    return ledger === undefined ? undefined : await readView(ledger, loadId);
  }

  /** Whether the caller may ask for this at all, and whether there is such a target. */
  async function checkRequest(request: LoadRequest, { access }: Caller): Promise<void> {
    if (access !== undefined) checkConnection(access, request.connection);
    const { ledger } = connection(request.connection);
    if (access !== undefined) checkSelection(access, selectionOf(request));
    const connectors = await readConnectors(ledger);
    if (connectors !== undefined) checkTarget(connectors, request);
  }

  /** Records a request, once for one `idempotency`, and tells its task. */
  async function bring(
    request: LoadRequest,
    mark: LoadMark,
    { caller, batch }: { readonly caller: Caller; readonly batch?: string | undefined },
  ): Promise<Accepted> {
    await checkRequest(request, caller);
    const { ledger, signals } = connection(request.connection);
    const { loadId, replayed } = await bringLoad({
      claims: { ...options, retentionDays: ledger.retentionDays },
      ledgers,
      ledger,
      request,
      mark,
      batch,
      mostPending: mark.principal === caller.principal ? pendingAllowed(caller) : undefined,
      newId: options.chance.newId,
    });
    if (!replayed) await announce(options.emit, signals, loadId, request, mark.via);
    return await accepted(ledger, loadId, replayed);
  }

  return {
    async accept(request, { caller, idempotencyKey, batch, run }) {
      const { principal, via } = caller;
      const idempotency =
        idempotencyKey === undefined
          ? undefined
          : hash(JSON.stringify([via, principal, idempotencyKey]));
      return await bring(request, { principal, via, idempotency, run }, { caller, batch });
    },
    async oneAtATime(work, { caller, idempotencyKey }) {
      const hashed = hash(JSON.stringify([caller.via, caller.principal, idempotencyKey]));
      return await whileInFlight(options, { hash: hashed, token: options.chance.newId() }, work);
    },
    async check(request, caller) {
      await checkRequest(request, caller);
      const allowed = pendingAllowed(caller);
      if (allowed !== undefined && (await pendingIn(ledgers.values(), caller)) >= allowed)
        throw tooManyPending(caller.principal, allowed);
    },
    async retry(loadId, { caller }) {
      const ledger = ledgers.get(connectionOf(loadId));
      const load = ledger === undefined ? undefined : await readLoad(ledger, loadId);
      if (load === undefined) throw notFound(loadId);
      if (load.state !== "failed" && load.state !== "cancelled") throw notToRetry(load);
      // Bringing it again would put a new seal on what someone else wrote.
      if (!load.genuine) throw tampered("load", loadId);
      const { request, principal, via, run } = load;
      const idempotency = hash(JSON.stringify(["retry", loadId]));
      const mark = { principal, via, idempotency, run, retryOf: loadId };
      return await bring(request, mark, { caller });
    },
    async findings(loadId) {
      const ledger = ledgers.get(connectionOf(loadId));
      if (ledger === undefined || (await readLoad(ledger, loadId)) === undefined) return undefined;
      return await readFindings(ledger, loadId);
    },
    async parts(loadId, page) {
      const ledger = ledgers.get(connectionOf(loadId));
      const load = ledger === undefined ? undefined : await readLoad(ledger, loadId);
      return ledger === undefined || load === undefined
        ? undefined
        : await listParts(ledger, load, page);
    },
    get: viewOf,
    async list(filter) {
      const chosen =
        filter.connection === undefined
          ? [...connections.values()]
          : [connection(filter.connection)];
      return await listLoads(
        chosen.map(({ ledger }) => ledger),
        filter,
      );
    },
    async cancel(loadId) {
      const found = connections.get(connectionOf(loadId));
      if (found === undefined) throw notFound(loadId);
      const { kind, why } = await cancelLoad(found.ledger, loadId);
      if (kind === "not-found") throw notFound(loadId);
      if (kind === "refused") throw tooLate(loadId, why);
      await wake(options.emit, found, loadId);
      return (await accepted(found.ledger, loadId, false)).load;
    },
    async quota(name) {
      const chosen = name === undefined ? [...connections.values()] : [connection(name)];
      return await Promise.all(chosen.map(({ ledger }) => readQuota(ledger)));
    },
    async ping() {
      await guarded(() => options.redis.ping());
    },
  };
}

/** The record stands, so the load is accepted; a task that could not be queued is made by the sweep. */
async function announce(
  emit: EmitEvent,
  signals: TaskSignals,
  loadId: string,
  request: LoadRequest,
  via: string,
): Promise<void> {
  emit({ type: "load.accepted", loadId, target: loadTitle(request), via });
  try {
    await signals.loadAccepted({ id: loadId, title: loadTitle(request) });
  } catch (error) {
    emit({ type: "queue.error", queue: "loads", message: (error as Error).message });
  }
}

/** The load's task and those behind it look now; where they cannot be told, the sweep does it. */
async function wake(emit: EmitEvent, found: LoadsConnection, loadId: string): Promise<void> {
  try {
    await found.signals.loadEnded(loadId);
    await found.signals.claimAt(await ledgerNow(found.ledger));
  } catch (error) {
    emit({ type: "queue.error", queue: "loads", message: (error as Error).message });
  }
}

async function accepted(ledger: Ledger, loadId: string, replayed: boolean): Promise<Accepted> {
  const load = await readView(ledger, loadId);
  if (load !== undefined) return { load, replayed };
  throw new BulkError(
    "ERR_REDIS_AWAY",
    `Redis has lost load ${loadId} as it was recorded; send the request again`,
    { fields: { loadId } },
  );
}

async function readView(ledger: Ledger, loadId: string): Promise<LoadView | undefined> {
  const load = await readLoad(ledger, loadId);
  if (load === undefined) return undefined;
  const ids = await guarded(() => ledger.redis.smembers(`${ledger.base}load:${loadId}:bulk-jobs`));
  const records = await Promise.all(ids.map((id) => readableBulkJob(ledger, id)));
  const known = records
    .filter((record) => record !== undefined)
    .toSorted((a, b) => a.claimedAt - b.claimedAt);
  return loadView(load, known.map(bulkJobView));
}

function pendingAllowed({ access }: Caller): number | undefined {
  return access?.limits.pendingLoads;
}

function notFound(loadId: string): BulkError {
  return new BulkError("ERR_LOAD_NOT_FOUND", `there is no load "${loadId.slice(0, 100)}"`, {
    fields: { loadId: loadId.slice(0, 100) },
  });
}

function notToRetry({ id, state }: LoadRecord): BulkError {
  return new BulkError(
    "ERR_LOAD_STATE",
    `load ${id} is ${state}; only a failed or cancelled load is brought again`,
    { fields: { loadId: id, state } },
  );
}

const refusals: Readonly<Record<string, string>> = {
  closed: "its bulk job is already closed and is being processed",
  shared: "its parts share a bulk job with other loads",
  "partly settled": "some of its parts are already settled",
};

function tooLate(loadId: string, why: string): BulkError {
  return new BulkError(
    "ERR_LOAD_STATE",
    `load ${loadId} cannot be cancelled: ${refusals[why] ?? `it is ${why}`}`,
    { fields: { loadId, why } },
  );
}
