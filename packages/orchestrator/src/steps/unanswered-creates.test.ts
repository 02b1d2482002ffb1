/** Create calls that are done or not done, and never answered: nothing doubled, no stray for long, no slot forgotten. */
import { BulkError, type RemoteBulkJob } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { loadOf } from "../ledger/ledger.test-support.ts";
import { rememberPrincipal } from "../ledger/observation.ts";
import type { IngestionPort } from "../ports.ts";
import { type VirtualFleet, virtualFleet } from "./virtual-fleet.test-support.ts";

const minute = 60_000;
const hour = 60 * minute;
const objects = ["orders", "customers", "items", "notes"];

/** What becomes of a create call. */
const fates = [
  "answered",
  "done",
  "done-listed-late",
  "not-done",
  "dies-before",
  "dies-after",
] as const;

/** Numbers in [0, 1) that are the same for the same seed. */
function numbersOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

interface Watched {
  /** Instants at which create calls arrived. */
  readonly arrivals: number[];
  readonly unanswered: number;
  /** By id: when a bulk job was made, and when it was seen to be no longer Open. */
  readonly lives: ReadonlyMap<string, { readonly from: number; to?: number }>;
}

/** Lets every create call meet a fate by chance; hides bulk jobs from the list for up to 5 minutes. */
function spoilCreates(
  fleet: VirtualFleet,
  random: () => number,
): { watched: Watched; port: IngestionPort } {
  const { tenant, crash } = fleet;
  const hidden = new Map<string, number>();
  const lives = new Map<string, { from: number; to?: number }>();
  const watched = { arrivals: [] as number[], unanswered: 0, lives };
  const port: IngestionPort = {
    ...tenant.ingestion,
    async createBulkJob(target, options) {
      const fate = fates[Math.floor(random() * fates.length)] ?? "answered";
      if (fate !== "answered") watched.unanswered++;
      if (fate === "dies-before") throw crash;
      watched.arrivals.push(fleet.now());
      if (fate === "not-done") throw new BulkError("ERR_API_UNKNOWN_OUTCOME", "no answer");
      const remote = await tenant.ingestion.createBulkJob(target, options);
      lives.set(remote.id, { from: fleet.now() });
      if (fate === "answered") return remote;
      if (fate === "done-listed-late") hidden.set(remote.id, fleet.now() + random() * 5 * minute);
      throw fate === "dies-after" ? crash : new BulkError("ERR_API_UNKNOWN_OUTCOME", "no answer");
    },
    async *listAll(states, options): AsyncIterable<RemoteBulkJob> {
      for await (const remote of tenant.ingestion.listAll(states, options))
        if ((hidden.get(remote.id) ?? 0) <= fleet.now()) yield remote;
    },
  };
  return { watched, port };
}

describe.each([
  ["one unfinished bulk job an object", true],
  ["several of an object", false],
])("a tenant that takes %s, and answers few create calls", (_, oneBulkJobPerObject) => {
  it("gets each record once, keeps no stray for 15 minutes, and never more calls than its quota", async () => {
    let watched: Watched | undefined;
    const fleet: VirtualFleet = virtualFleet({ afterStep: () => noteEnds(fleet, watched) });
    const { tenant, context } = fleet;
    tenant.oneBulkJobPerObject = oneBulkJobPerObject;
    await rememberPrincipal(context.ledger, "us");
    const spoiled = spoilCreates(fleet, numbersOf(7));
    watched = spoiled.watched;
    Object.assign(context.ports, { ingestion: spoiled.port });

    const loads: string[] = [];
    while (watched.unanswered < 250) {
      for (const object of objects) loads.push(await fleet.load(object));
      await fleet.run(30 * minute);
    }
    await fleet.run(6 * hour);

    const states = new Map<string, number>();
    for (const id of loads) {
      const { state } = await loadOf(context.ledger, id);
      states.set(state, (states.get(state) ?? 0) + 1);
    }
    expect([...states]).toEqual([["complete", loads.length]]);
    const rows = [...tenant.bulkJobs.values()]
      .filter(({ state }) => state === "JobComplete")
      .flatMap(({ files }) => files);
    expect(rows).toHaveLength(loads.length);
    expect(new Set(rows).size).toBe(loads.length);
    expect([...tenant.bulkJobs.values()].filter(({ state }) => state === "Open")).toEqual([]);
    expect(mostWithin(watched.arrivals, hour)).toBeLessThanOrEqual(20);
    const longest = Math.max(
      ...[...watched.lives.values()].map(({ from, to = Infinity }) => to - from),
    );
    expect(longest).toBeLessThanOrEqual(15 * minute);
  }, 120_000);
});

function noteEnds(fleet: VirtualFleet, watched: Watched | undefined): void {
  for (const [id, life] of watched?.lives ?? [])
    if (life.to === undefined && fleet.tenant.bulkJobs.get(id)?.state !== "Open")
      life.to = fleet.now();
}

/** The most of these instants, which ascend, that lie in one window (t - span, t]. */
function mostWithin(instants: readonly number[], span: number): number {
  return Math.max(
    ...instants.map((end) => instants.filter((at) => at > end - span && at <= end).length),
  );
}
