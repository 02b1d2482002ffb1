/** The tenant's own record of what the fleet created, against its limits. */
import type { Invariant, View } from "./invariant.ts";

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
  return {
    made(connection, made) {
      const ours = view.tenants
        .get(connection)
        ?.unfinished()
        .filter(({ createdById }) => createdById === made.createdById);
      const { permits: allowed } = view.plan;
      if (ours === undefined) return;
      if (ours.length === allowed) view.counters.count("permits all taken");
      if (ours.length > allowed)
        view.violate("permits", `${ours.length} bulk jobs of ours are unfinished`);
      const rivals = ours.filter(({ object }) => object === made.object);
      if (rivals.length > 1)
        view.violate("one bulk job an object", `${made.object} has ${rivals.length}`);
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
