/** No record is lost on the way, and none comes twice with another effect. */
import type { LoadSpec } from "../workload.ts";
import { header } from "../workload.ts";
import type { Invariant, View } from "./invariant.ts";
import {
  bulkJobAt,
  bulkJobOfRemoteAt,
  finalStates,
  type LoadFacts,
  loadsAt,
  membersAt,
} from "./ledger-view.ts";

/** Each part of a load that has not ended is in exactly one place, and the counters say so. */
export function partsInOnePlace(view: View): Invariant {
  return {
    ledgerChanged(connection) {
      const base = view.baseOf(connection);
      const live = liveParts(view, base);
      for (const load of view.changedLoads(connection)) {
        if (load.state === "accepted" || finalStates.has(load.state)) continue;
        const inJobs = live.get(load.id) ?? { parts: [], uploaded: 0, closed: 0 };
        const returned = membersAt(view.keyspace, `${base}load:${load.id}:returned`).map(Number);
        const fresh = load.parts - load.nextPart;
        const places = [...returned, ...inJobs.parts];
        const isDistinct = new Set(places).size === places.length;
        const sum = places.length + fresh + load.settledParts;
        if (!isDistinct || sum !== load.parts)
          view.violate(
            "parts in one place",
            `${load.id}: of ${load.parts} parts ${fresh} are unclaimed, ${returned} returned, ${inJobs.parts} in bulk jobs, ${load.settledParts} settled`,
          );
        const inLine = membersAt(view.keyspace, `${base}line:${load.objectKey}`).includes(load.id);
        if (inLine !== returned.length + fresh > 0)
          view.violate("parts in one place", `${load.id} ${inLine ? "stands" : "is not"} in line`);
        checkCounters(load, inJobs);
      }
    },
  };

  function checkCounters(
    load: LoadFacts,
    inJobs: { readonly parts: readonly number[]; readonly uploaded: number },
  ): void {
    const uploaded = inJobs.uploaded + load.settledParts;
    if (load.claimedParts === inJobs.parts.length && load.uploadedParts === uploaded) return;
    view.violate(
      "counters of a load",
      `${load.id}: claimed ${load.claimedParts} of ${inJobs.parts.length}, uploaded ${load.uploadedParts} of ${uploaded}`,
    );
  }
}

function liveParts(view: View, base: string) {
  const live = new Map<string, { parts: number[]; uploaded: number }>();
  for (const id of membersAt(view.keyspace, `${base}permits`)) {
    const job = bulkJobAt(view.keyspace, base, id);
    for (const [index, { load, part }] of (job?.parts ?? []).entries()) {
      const sums = live.get(load) ?? { parts: [], uploaded: 0 };
      sums.parts.push(part);
      if (job !== undefined && index < job.next) sums.uploaded++;
      live.set(load, sums);
    }
  }
  return live;
}

/** Lines that a tenant has applied, by load. */
export interface AppliedLines {
  readonly applied: ReadonlySet<string>;
}

/**
 * Every accepted line is one of a source, whole and under its header; a load is complete only once
 * each line of what was planned was applied by a JobComplete bulk job.
 */
export function rowsApplied(view: View): Invariant & AppliedLines {
  const applied = new Set<string>();
  const ended = new Set<string>();

  function check(connection: string, load: LoadFacts): void {
    for (const line of plannedLines(view, connection, load.id))
      if (!applied.has(line)) {
        view.violate("rows applied", `${load.id} is complete, and ${line} was never applied`);
        return;
      }
  }

  return {
    applied,
    fileAccepted(_connection, bulkJob, { lines }) {
      const [first] = lines;
      const rows = bulkJob.operation === "upsert" ? lines.slice(1) : lines;
      if (bulkJob.operation === "upsert" && first !== header)
        view.violate("whole files", `${bulkJob.id} got a file that begins with ${first}`);
      if (rows.length === 0) view.violate("whole files", `${bulkJob.id} got a file of no records`);
      for (const row of rows) {
        const load = view.workload.loadOfLine.get(row);
        if (load === undefined || load.object !== bulkJob.object)
          view.violate("whole files", `${bulkJob.id} got the line ${row}`);
      }
    },
    completed(_connection, _bulkJob, files) {
      for (const line of files.flatMap((file) => file.lines)) {
        if (line === header) continue;
        if (applied.has(line)) view.counters.count("rows applied again");
        applied.add(line);
      }
    },
    ledgerChanged(connection) {
      for (const load of view.changedLoads(connection)) {
        if (!finalStates.has(load.state) || ended.has(load.id)) continue;
        ended.add(load.id);
        view.counters.count(`load ${load.state}`);
        if (load.state === "complete") check(connection, load);
      }
    },
    redisLost: () => ended.clear(),
  };
}

/** Lines of the pinned sources of a load. */
function plannedLines(view: View, connection: string, loadId: string): readonly string[] {
  const key = `${view.baseOf(connection)}load:${loadId}:sources`;
  const sources = view.keyspace.get(key, "list")?.items ?? [];
  return sources.flatMap((text) => {
    const { pin } = JSON.parse(text) as { readonly pin: string };
    return (view.linesOfPin(pin) ?? []).filter((line) => line !== header);
  });
}

/** UploadComplete is sent only when every part of the bulk job is accepted. */
export function closeLast(view: View): Invariant {
  const accepted = new Map<string, Set<string>>();
  return {
    fileAccepted(_connection, bulkJob, { lines }) {
      const seen = accepted.get(bulkJob.id) ?? new Set();
      for (const line of lines) if (line !== header) seen.add(line);
      accepted.set(bulkJob.id, seen);
    },
    closed(connection, bulkJob) {
      const job = bulkJobOfRemoteAt(view.keyspace, view.baseOf(connection), bulkJob.id);
      if (job === undefined) return;
      const wanted = job.parts.reduce((sum, { records }) => sum + records, 0);
      const there = accepted.get(bulkJob.id)?.size ?? 0;
      if (there < wanted)
        view.violate("close last", `${job.id} was closed with ${there} of ${wanted} records`);
    },
  };
}

/** Loads of one object take effect in the order in which they were accepted. */
export function order(view: View): Invariant {
  const latest = new Map<string, number>();
  const made = new Set<string>();
  const forgotten = new Set<string>();
  return {
    made(_connection, { id }) {
      made.add(id);
    },
    completed(connection, bulkJob, files) {
      if (forgotten.has(bulkJob.id)) return;
      const key = `${connection}/${bulkJob.object}`;
      const before = latest.get(key) ?? 0;
      const sequences = sequencesOf(
        connection,
        files.flatMap((file) => file.lines),
      );
      if (sequences.length === 0) return;
      if (Math.min(...sequences) < before)
        view.violate(
          "order of an object",
          `${key}: load ${Math.min(...sequences)} takes effect after load ${before}`,
        );
      latest.set(key, Math.max(before, ...sequences));
    },
    // What is run again because it was forgotten comes in order among itself, after what is still under way.
    redisLost() {
      latest.clear();
      for (const id of made) forgotten.add(id);
    },
  };

  function sequencesOf(connection: string, lines: readonly string[]): readonly number[] {
    const specs = new Set(lines.flatMap((line) => view.workload.loadOfLine.get(line) ?? []));
    const loads = loadsAt(view.keyspace, view.baseOf(connection));
    return [...specs].flatMap((spec) => loads.find((load) => isOf(load, spec))?.sequence ?? []);
  }
}

/** Whether a load in the ledger is the one that a client meant. */
function isOf(load: LoadFacts, spec: LoadSpec): boolean {
  const [uri] = spec.uris;
  return uri !== undefined && load.request.includes(`"${uri}"`);
}
