/** The faults that come at an instant of their own. */
import { BulkError, unfinishedRemoteStates } from "@headgate/core";
import type { BulkJob } from "@headgate/emulator/tenant";
import type { Fleet } from "./fleet.ts";
import type { TimedFaultKind } from "./plan.ts";
import { noTasks } from "./queue/task-store.ts";
import type { Scene } from "./scene.ts";
import { foreignUser, ourUser, type Tenant } from "./tenant/tenant.ts";
import { sourceName } from "./workload.ts";

const minuteMs = 60_000;
/** Looks of one fault for something to strike. */
const triesAllowed = 40;

/** Brings each timed fault of the plan when its time has come. */
export function unleash(scene: Scene, fleet: Fleet): void {
  const { time, plan, counters } = scene;
  const random = scene.random.fork("chaos");
  const tenants = [...scene.tenants.values()];

  for (const { at, kind } of plan.timed) comeAt(at, kind, triesAllowed);

  /** A fault that finds nothing to strike, such as no Open bulk job, is tried again a little later. */
  function comeAt(at: number, kind: TimedFaultKind, tries: number): void {
    time.in(at - time.now(), kind, () => {
      if (time.now() >= plan.quietFrom && plan.kind === "liveness") return;
      if (strike(kind)) counters.count(kind);
      else if (tries > 1) comeAt(time.now() + random.int(5_000, minuteMs), kind, tries - 1);
    });
  }

  /** Whether there was anything to strike. */
  function strike(kind: TimedFaultKind): boolean {
    switch (kind) {
      case "worker killed":
        return withWorker(({ machine }) => machine.kill());
      case "worker stopped":
        return withWorker(({ machine }) => {
          const spanMs = random.pick([5_000, 40_000, 10 * minuteMs, 90 * minuteMs]);
          machine.stopUntil(time.now() + spanMs);
          time.in(spanMs, `${machine.name} goes on`, () => scene.dispatch.lookAtAll());
        });
      case "worker cut from redis":
        return withWorker(({ machine }) => {
          const spanMs = random.pick([2_000, 35_000, 10 * minuteMs, 60 * minuteMs]);
          machine.cutFromRedis(time.now() + spanMs);
          time.in(spanMs, `${machine.name} is back`, () => scene.dispatch.lookAtAll());
        });
      case "worker drained":
        return withWorker(({ machine }) => machine.tellToStop());
      case "rolling restart":
        for (const { machine } of fleet.workers())
          time.in(random.int(0, 2 * minuteMs), `${machine.name} is told to stop`, () => {
            if (machine.alive) machine.tellToStop();
          });
        return true;
      case "redis restart":
        return redisAway(random.int(1_000, 2 * minuteMs));
      case "redis restart, last second lost":
        return rollBack(1_000, random.int(1_000, 30_000));
      case "redis older copy":
        return rollBack(random.int(2, 120) * minuteMs, random.int(1_000, 30_000));
      case "redis flushed":
        scene.keyspace.flush();
        scene.dispatch.store.restore(noTasks);
        lost();
        return redisAway(random.int(100, 2_000));
      case "redis full":
        scene.health.fullUntil = time.now() + random.int(1, 10) * minuteMs;
        return true;
      case "api outage":
        return allFail(random.pick(["unreachable", "timeout-before"] as const), 30 * minuteMs);
      case "api burst of 500":
        return allFail("error-before", random.int(1, 10) * minuteMs);
      case "bulk job aborted by others":
        return withBulkJob(["Open", "UploadComplete"], (tenant, { id }) => tenant.abort(id));
      case "bulk job removed by others":
        return withBulkJob([random.pick(["Open", "UploadComplete"])], (tenant, { id }) =>
          tenant.remove(id),
        );
      case "bulk job closed by others":
        return withBulkJob(["Open"], (tenant, { id }) => tenant.close(id, foreignUser));
      case "foreign bulk job":
        return foreignBulkJob();
      case "source replaced":
      case "source deleted":
        return touchSource(kind === "source deleted");
    }
  }

  function withWorker(act: (worker: ReturnType<Fleet["workers"]>[number]) => void): boolean {
    const workers = fleet.workers();
    if (workers.length === 0) return false;
    act(random.pick(workers));
    return true;
  }

  function redisAway(spanMs: number): boolean {
    scene.health.outages++;
    scene.health.awayUntil = Math.max(scene.health.awayUntil, time.now() + spanMs);
    time.in(spanMs, "redis is back", () => {
      for (const tell of scene.whenRedisIsBack) tell();
    });
    return true;
  }

  /** Comes back as it was `spanMs` earlier: what was answered since then is forgotten. */
  function rollBack(spanMs: number, awayMs: number): boolean {
    const copy = scene.keyspace.snapshot();
    const tasks = scene.dispatch.store.image();
    time.in(spanMs, "redis comes back older", () => {
      scene.keyspace.restore(copy);
      scene.dispatch.store.restore(tasks);
      redisAway(awayMs);
      lost();
    });
    return true;
  }

  function lost(): boolean {
    scene.health.losses++;
    scene.hooks.redisLost();
    for (const tell of scene.whenRedisHasLost) tell();
    return true;
  }

  function allFail(
    fault: "unreachable" | "timeout-before" | "error-before",
    spanMs: number,
  ): boolean {
    const tenant = random.pick(tenants);
    const faults = scene.callFaults.get(tenant.name);
    faults?.allFail(fault);
    time.in(spanMs, `${tenant.name} is back`, () => faults?.allFail(undefined));
    return true;
  }

  function withBulkJob(
    states: readonly string[],
    act: (tenant: Tenant, bulkJob: BulkJob) => unknown,
  ): boolean {
    const tenant = random.pick(tenants);
    tenant.settle();
    const ours = tenant
      .unfinished()
      .filter((job) => job.createdById === ourUser && states.includes(job.state) && !job.uploading);
    if (ours.length === 0) return false;
    act(tenant, random.pick(ours));
    return true;
  }

  /** Another tool takes a slot, a permit and an object for a while. */
  function foreignBulkJob(): boolean {
    const tenant = random.pick(tenants);
    const object = random.pick(["orders", "customers", "items", "others"]);
    try {
      const { id } = tenant.create({ sourceName, object, operation: "upsert" }, foreignUser);
      time.in(random.int(1, 120) * minuteMs, `${tenant.name} other tool ends`, () => {
        const stays = tenant.list(unfinishedRemoteStates).some((job) => job.id === id);
        if (stays) tenant.abort(id);
      });
      return true;
    } catch (error) {
      if (error instanceof BulkError) return false;
      throw error;
    }
  }

  function touchSource(isDeleted: boolean): boolean {
    const asked = scene.workload.loads.filter(
      ({ at, bad }) => bad === undefined && at > time.now() - 3_600_000,
    );
    if (asked.length === 0) return false;
    const load = random.pick(asked);
    const uri = random.pick(load.uris);
    const content = scene.files.get(uri);
    if (content === undefined) return false;
    scene.touchedUris.add(uri);
    if (isDeleted) return scene.files.delete(uri);
    // Fewer records than before, so the lines are still the load's own.
    const lines = content.toString().split("\n");
    lines.splice(-2, 1);
    scene.putFile(uri, Buffer.from(lines.join("\n")));
    return true;
  }
}
