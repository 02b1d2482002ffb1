/** Once faults have stopped, everything comes to its end and no worker idles beside work. */
import type { Invariant, View } from "./invariant.ts";
import { finalStates, hashAt, loadsAt, membersAt } from "./ledger-view.ts";

/** All loads are final at the end of the run, and nothing of ours is left in the tenants. */
export function allEnd(view: View): Invariant {
  return {
    ended() {
      if (view.plan.kind !== "liveness") return;
      for (const [connection, tenant] of view.tenants) {
        const open = loadsAt(view.keyspace, view.baseOf(connection)).filter(
          ({ state }) => !finalStates.has(state),
        );
        for (const { id, state } of open) view.violate("all loads end", `${id} is still ${state}`);
        tenant.settle();
        for (const { id, state } of tenant.unfinished())
          view.violate("no orphan stays", `bulk job ${id} is still ${state}`);
        for (const id of membersAt(view.keyspace, `${view.baseOf(connection)}permits`))
          view.violate("no permit stays", `bulk job ${id} still holds one`);
      }
    },
  };
}

/** Longest idle time beside work that could begin; a sweep finds what a lost wake-up has left. */
const idleMs = 60_000;

/** While a load could be claimed, with slot, permit and object free, somebody claims it soon. */
export function noIdling(view: View): Invariant {
  const since = new Map<string, number>();
  let isQuiet = false;
  return {
    quiet() {
      isQuiet = true;
    },
    settled() {
      if (!isQuiet || view.plan.kind !== "liveness") return;
      for (const connection of view.tenants.keys()) {
        const object = eligible(view, connection);
        if (object === undefined) {
          since.delete(connection);
          continue;
        }
        const from = since.get(connection) ?? view.now();
        since.set(connection, from);
        if (view.now() - from > view.plan.sweepEveryMs + view.plan.observeEveryMs + idleMs)
          view.violate("no idling", `${connection}: ${object} waits since ${view.now() - from} ms`);
      }
    },
  };
}

/** An object whose head could be claimed now. */
function eligible(view: View, connection: string): string | undefined {
  const { keyspace, plan } = view;
  const base = view.baseOf(connection);
  const now = view.now();
  const frozen = Number(hashAt(keyspace, `${base}witness`).get("frozenUntil") ?? 0);
  if (frozen > now || Number(hashAt(keyspace, `${base}gate`).get("until") ?? 0) > now) return;
  if (membersAt(keyspace, `${base}permits`).length >= plan.permits) return;
  const foreign = hashAt(keyspace, `${base}foreign-live`);
  if (foreign.size > 0) return;
  const windowMs = 3_630_000;
  const slots = keyspace.get(`${base}slots`, "zset")?.sorted.scores ?? new Map();
  const used = [...slots.values()].filter((at) => at > now - windowMs).length;
  if (used >= plan.slots - plan.reserveSlots) return;
  const live = hashAt(keyspace, `${base}live`);
  const holds = hashAt(keyspace, `${base}holds`);
  for (const object of membersAt(keyspace, `${base}lines`)) {
    if (live.has(object) || Number(holds.get(object) ?? 0) > now) continue;
    const [head] = membersAt(keyspace, `${base}line:${object}`);
    const state = hashAt(keyspace, `${base}load:${head}`).get("state");
    if (state === "waiting" || state === "loading") return object;
  }
  return;
}
