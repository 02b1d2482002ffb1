/** What becomes of loads: none vanishes, none comes twice, each end is an end and has its reason. */
import type { Invariant, View } from "./invariant.ts";
import { finalStates, hashAt, loadAt, membersAt } from "./ledger-view.ts";

/** Every accepted load is in the ledger, and one key stands for one load. */
export function noneVanishes(view: View): Invariant {
  const known = new Map<string, { readonly loadId: string; readonly connection: string }>();
  return {
    accepted({ key, connection }, loadId) {
      const before = known.get(key);
      if (before !== undefined) view.counters.count("same key again");
      if (before !== undefined && before.loadId !== loadId)
        view.violate("idempotency", `${key} stands for ${before.loadId} and for ${loadId}`);
      known.set(key, { loadId, connection });
    },
    redisLost: () => known.clear(),
    ledgerChanged(connection) {
      const base = view.baseOf(connection);
      for (const { loadId, connection: own } of known.values())
        if (own === connection && loadAt(view.keyspace, base, loadId) === undefined)
          view.violate("no load vanishes", `${loadId} was accepted and is not in the ledger`);
      const requests = view.changedLoads(connection).map(({ request }) => request);
      if (new Set(requests).size !== requests.length)
        view.violate("idempotency", "two loads of one request");
    },
  };
}

/** Reasons that lie in the source itself. */
const sourceReasons = /^(csv|preflight|source_(changed|not_found|none|format))/;

/** A final state never changes; a failed load has a reason, and none that its source did not give. */
export function ends(view: View): Invariant {
  const ended = new Map<string, string>();
  const blameless = new Set(view.workload.loads.filter(({ bad }) => bad === undefined));
  return {
    ledgerChanged(connection) {
      for (const load of view.changedLoads(connection)) {
        const before = ended.get(load.id);
        if (before !== undefined && before !== load.state)
          view.violate("ends are ends", `${load.id} was ${before} and is ${load.state}`);
        if (!finalStates.has(load.state)) continue;
        if (before === undefined && load.state === "failed") checkReason(load);
        ended.set(load.id, load.state);
      }
    },
    redisLost: () => ended.clear(),
  };

  function checkReason(load: {
    readonly id: string;
    readonly reasonCode: string;
    readonly request: string;
  }) {
    const { id, reasonCode, request } = load;
    view.counters.count(`reason ${reasonCode}`);
    if (reasonCode === "") view.violate("ends have reasons", `${id} failed without a reason`);
    const spec = [...blameless].find(({ uris }) => request.includes(`"${uris[0]}"`));
    if (spec === undefined || !sourceReasons.test(reasonCode)) return;
    const isTouched = spec.uris.some((uri) => view.touchedUris.has(uri));
    if (!isTouched)
      view.violate("ends have reasons", `${id} failed with ${reasonCode}; its source is as it was`);
  }
}

/** Phases of a bulk job in their order. */
const phases = ["claimed", "creating", "uploading", "closing", "processing", "aborting", "ended"];

/** A bulk job moves on through its phases and never back, but for an abort that comes too late. */
export function bulkJobsMoveOn(view: View): Invariant {
  const seen = new Map<string, string>();
  return {
    ledgerChanged(connection) {
      const base = view.baseOf(connection);
      for (const id of membersAt(view.keyspace, `${base}bulk-jobs`)) {
        const phase = hashAt(view.keyspace, `${base}bulk-job:${id}`).get("phase") ?? "";
        const before = seen.get(id) ?? phase;
        const isBack = phases.indexOf(phase) < phases.indexOf(before);
        if (isBack && !(before === "aborting" && phase === "processing"))
          view.violate("bulk jobs move on", `${id} was ${before} and is ${phase}`);
        seen.set(id, phase);
      }
    },
    redisLost: () => seen.clear(),
  };
}
