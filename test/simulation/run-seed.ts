/** One run: the world of a seed, from its first event to its last, and what it showed. */
import { unleash } from "./chaos.ts";
import { askForLoads } from "./clients.ts";
import { createFleet } from "./fleet.ts";
import { allInvariants } from "./invariants/all-invariants.ts";
import { finalStates, loadsAt, membersAt } from "./invariants/ledger-view.ts";
import { type Plan, planOf } from "./plan.ts";
import { createRandom } from "./random.ts";
import { withoutRealTime } from "./real-time.ts";
import { createScene, type Scene, type Violation } from "./scene.ts";
import { createTrace, type Trace, type TraceKind } from "./trace.ts";

export interface SeedResult {
  readonly seed: number;
  readonly kind: Plan["kind"];
  readonly violation: Violation | undefined;
  readonly events: number;
  readonly traceHash: string;
  readonly counts: ReadonlyMap<string, number>;
  /** Only where they were asked for. */
  readonly trace: readonly string[];
}

/** Runs a seed to its end, or to its first violation. */
export async function runSeed(
  seed: number,
  { traced = "hash" }: { readonly traced?: TraceKind } = {},
): Promise<SeedResult> {
  const random = createRandom(String(seed));
  const plan = planOf(seed, random.fork("plan"));
  let violation: Violation | undefined;
  let trace: Trace | undefined;
  const scene = createScene({
    plan,
    random,
    traceOf: (now) => {
      trace = createTrace(now, traced);
      return trace;
    },
    invariants: allInvariants,
    violate(found) {
      violation ??= found;
    },
  });
  const { time, hooks } = scene;
  await withoutRealTime(time.wallNow, async () => {
    const fleet = createFleet(scene);
    fleet.startAll();
    askForLoads(scene);
    unleash(scene, fleet);
    time.in(plan.quietFrom - plan.start, "faults stop", () => {
      if (plan.kind === "safety") return;
      scene.calm();
      hooks.quiet();
    });
    await time.run({
      until: plan.end,
      isOver: () =>
        violation !== undefined ||
        (plan.kind === "liveness" && time.now() > plan.leastEnd && isAllOver(scene)),
      settled() {
        for (const connection of scene.changed()) hooks.ledgerChanged(connection);
        hooks.settled();
      },
    });
    if (violation === undefined) hooks.ended();
  });
  return {
    seed,
    kind: plan.kind,
    violation,
    events: time.events,
    traceHash: trace?.hash() ?? "",
    counts: scene.counters.counts,
    trace: trace?.lines ?? [],
  };
}

/** Nothing is left to do, so nothing more would happen than rounds of upkeep. */
function isAllOver({ keyspace, baseOf, tenants }: Scene): boolean {
  return [...tenants].every(([connection, tenant]) => {
    const base = baseOf(connection);
    return (
      membersAt(keyspace, `${base}permits`).length === 0 &&
      loadsAt(keyspace, base).every(({ state }) => finalStates.has(state)) &&
      tenant.unfinished().length === 0
    );
  });
}
