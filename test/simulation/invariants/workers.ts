/** What holds for workers: one of them uploads to a bulk job, and one that is stopped gives its tasks back. */
import type { Machine } from "../machine.ts";
import type { Invariant, View } from "./invariant.ts";

/** Longest time from SIGTERM to the exit. */
const exitMs = 30_000;

/** At most one upload is under way to a bulk job, by workers that were in touch all the time. */
export function oneWriter(view: View): Invariant {
  const uploads = new Map<string, Set<{ readonly machine: Machine; readonly at: number }>>();
  return {
    uploadBegins(machine, remoteId) {
      const begun = { machine, at: view.now() };
      const others = uploads.get(remoteId) ?? new Set();
      for (const other of others)
        if (
          other.machine.alive &&
          !other.machine.wasAwaySince(other.at - 60_000) &&
          redisWasThere()
        )
          view.violate(
            "one writer",
            `${machine.name} and ${other.machine.name} upload to ${remoteId}`,
          );
      others.add(begun);
      uploads.set(remoteId, others);
      return () => others.delete(begun);
    },
  };

  function redisWasThere(): boolean {
    return view.redisAwayUntil() < view.now() - 120_000;
  }
}

/** A drain ends in time and spends no attempt of a task. */
export function drains(view: View): Invariant {
  const begun = new Map<
    Machine,
    { readonly at: number; readonly attempts: ReadonlyMap<string, number> }
  >();
  return {
    drainBegins(machine) {
      const held = [...view.tasks.all()].filter(({ token }) =>
        token?.startsWith(`${machine.name}:`),
      );
      const attempts = new Map(held.map((task) => [`${task.queue} ${task.id}`, task.attemptsMade]));
      begun.set(machine, { at: view.now(), attempts });
    },
    drained(machine) {
      const start = begun.get(machine);
      if (start === undefined) return;
      const took = view.now() - start.at;
      const wasAlone = machine.wasAwaySince(start.at - 60_000) || view.redisAwayUntil() > start.at;
      if (took > exitMs && !wasAlone)
        view.violate("drain", `${machine.name} took ${took} ms to stop`);
      for (const task of view.tasks.all()) {
        const before = start.attempts.get(`${task.queue} ${task.id}`);
        const isOver = task.state === "completed" || task.state === "failed";
        if (before !== undefined && !isOver && task.attemptsMade > before && !wasAlone)
          view.violate("drain", `the stop of ${machine.name} cost ${task.id} an attempt`);
      }
    },
  };
}
