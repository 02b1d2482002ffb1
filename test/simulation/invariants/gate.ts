/** After a 429 nobody in the fleet creates before Retry-After is over, or a minute. */
import type { Machine } from "../machine.ts";
import type { Invariant, View } from "./invariant.ts";
import { hashAt } from "./ledger-view.ts";

/** A create whose slot was stamped just before the gate closed may still leave. */
const stampMs = 6_000;
/** Time that a worker needs to write down what it was told. */
const writeMs = 10_000;
const leastMs = 60_000;

export function gate(view: View): Invariant {
  const told = new Map<string, { at: number; until: number; by: Machine }[]>();
  const closed = new Map<string, { until: number; at: number }>();
  return {
    throttled(by, connection, retryAfterMs) {
      const at = view.now();
      const until = at + (retryAfterMs ?? leastMs);
      told.set(connection, [...(told.get(connection) ?? []), { at, until, by }]);
    },
    emitted(_machine, event) {
      if (event.type !== "gate.closed") return;
      closed.set(event.connection, { until: event.until, at: view.now() });
    },
    redisLost() {
      told.clear();
      closed.clear();
    },
    createLeaves(machine, connection) {
      const now = view.now();
      const { until = 0, at = now } = closed.get(connection) ?? {};
      const inLedger = Number(
        hashAt(view.keyspace, `${view.baseOf(connection)}gate`).get("until") ?? 0,
      );
      if (now < Math.min(until, inLedger) && now > at + stampMs && !machine.wasAwaySince(at))
        view.violate("gate", `a create leaves ${until - now} ms before the gate opens`);
      for (const one of told.get(connection) ?? []) {
        const isIn = now > one.at + writeMs && now < one.until;
        const couldTell = one.by.alive && !one.by.wasAwaySince(one.at - 60_000);
        if (isIn && couldTell && redisWasThere(one.at))
          view.violate("gate", `a create leaves ${now - one.at} ms after a 429`);
      }
    },
  };

  /** The worker that was told could write it down. */
  function redisWasThere(at: number): boolean {
    return view.redisAwayUntil() < at - 60_000;
  }
}
