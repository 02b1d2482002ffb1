/** The tenant's own record of what the fleet created, against its limits. */
import { ourUser } from "../tenant/tenant.ts";
import { sourceName } from "../workload.ts";
import type { Invariant, View } from "./invariant.ts";
import { hashAt, membersAt } from "./ledger-view.ts";

const hourMs = 3_600_000;

/** In every rolling hour at most as many creates arrive as there are slots for us, whatever the answer. */
export function rollingHour(view: View): Invariant {
  const allowed = view.plan.slots - view.plan.reserveSlots;
  const arrivals = new Map<string, number[]>();
  return {
    createArrived(connection) {
      const now = view.now();
      const recent = (arrivals.get(connection) ?? []).filter((at) => at > now - hourMs);
      recent.push(now);
      arrivals.set(connection, recent);
      if (recent.length === allowed) view.counters.count("window full");
      if (recent.length > allowed)
        view.violate("rolling hour", `${recent.length} creates within an hour, ${allowed} allowed`);
    },
  };
}

/** No create is sent while as many of ours are unfinished as there are permits, nor for an object that has one. */
export function permits(view: View): Invariant {
  const { permits: allowed } = view.plan;
  return {
    createArrived(connection, object) {
      const unfinished = view.tenants.get(connection)?.unfinished() ?? [];
      const ours = unfinished.filter(({ createdById }) => createdById === ourUser);
      if (ours.length >= allowed)
        view.violate("permits", `a create arrives while ${ours.length} of ours are unfinished`);
      const rival = ours.find((bulkJob) => bulkJob.object === object);
      if (rival !== undefined)
        view.violate("one bulk job an object", `a create of ${object} beside ${rival.id}`);
    },
    made(connection) {
      const ours = view.tenants
        .get(connection)
        ?.unfinished()
        .filter(({ createdById }) => createdById === ourUser);
      if (ours?.length === allowed) view.counters.count("permits all taken");
    },
  };
}

/** No bulk job is claimed while as many are unfinished as there are permits, those of other tools among them. */
export function permitsOfAll(view: View): Invariant {
  const known = new Map<string, ReadonlySet<string>>();
  return {
    ledgerChanged(connection) {
      const base = view.baseOf(connection);
      const held = membersAt(view.keyspace, `${base}permits`);
      const before = known.get(connection);
      known.set(connection, new Set(held));
      if (before === undefined || held.every((id) => before.has(id))) return;
      const foreign = hashAt(view.keyspace, `${base}foreign-live`).size;
      if (foreign > 0) view.counters.count("claim beside other tools");
      if (held.length + foreign > view.plan.permits)
        view.violate(
          "permits of all",
          `${held.length} bulk jobs of ours are claimed beside ${foreign} of others`,
        );
    },
    redisLost: () => known.clear(),
  };
}

/** No create leaves while the ledger waits for a window of unknown history to pass. */
export function frozen(view: View): Invariant {
  return {
    createLeaves(machine, connection) {
      const witness = hashAt(view.keyspace, `${view.baseOf(connection)}witness`);
      const lostAt = Number(witness.get("lostAt") ?? 0);
      const until = Number(witness.get("frozenUntil") ?? 0);
      const now = view.now();
      if (now < until && now > lostAt + createSpanMs && !machine.wasAwaySince(lostAt))
        view.violate("frozen", `a create leaves ${now - lostAt} ms after a loss was written down`);
    },
  };
}

/** Time from a look at the ledger to the arrival of a create call. */
const createSpanMs = 30_000;

/** No create is sent for an object that the ledger has seen in the hands of another tool for a while. */
export function othersObjects(view: View): Invariant {
  return {
    createArrived(connection, object) {
      const base = view.baseOf(connection);
      const seenAt = Number(view.keyspace.get(`${base}observed-at`, "string")?.text ?? 0);
      if (seenAt > view.now() - createSpanMs) return;
      const foreign = hashAt(view.keyspace, `${base}foreign-live`);
      if ([...foreign.values()].includes(`${sourceName}/${object}`))
        view.violate("objects of others", `a create of ${object}, which another tool has`);
    },
  };
}

/** No file is sent to a bulk job that may have as many as the API takes, none is over the size. */
export function files(view: View): Invariant {
  return {
    uploadArrived(_connection, bulkJob) {
      const { maxFiles } = view.plan;
      if (bulkJob.files.length === maxFiles - 1) view.counters.count("bulk job full");
      if (bulkJob.files.length >= maxFiles)
        view.violate("files of a bulk job", `${bulkJob.id} has ${maxFiles} and gets one more`);
    },
    fileAccepted(_connection, bulkJob, { lines }) {
      const bytes = lines.reduce((sum, line) => sum + line.length + 1, 0);
      if (bytes > view.plan.maxPartBytes)
        view.violate("bytes of a part", `${bulkJob.id} got ${bytes} bytes`);
    },
  };
}
