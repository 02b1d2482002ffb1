/** Everything of one run that its parts share. */
import { defaultSlotLimits, epochMs, type SlotLimits } from "@headgate/core";
import { eventLine, type HeadgateEvent } from "@headgate/orchestrator";
import { Keyspace } from "@headgate/orchestrator/memory-redis";
import { ledgerBase, queueNames } from "@headgate/orchestrator/simulation";
import { type Counters, createCounters } from "./counters.ts";
import { type CrashPlan, createCrashPlan } from "./crash-points.ts";
import { type Hooks, type Invariant, tellAll, type View } from "./invariants/invariant.ts";
import { type LoadFacts, loadsAt } from "./invariants/ledger-view.ts";
import type { Machine } from "./machine.ts";
import type { Plan } from "./plan.ts";
import { createDispatch, type Dispatch } from "./queue/dispatch.ts";
import type { Task } from "./queue/task-store.ts";
import type { Random } from "./random.ts";
import { createRedisLink, type RedisHealth, type RedisLink } from "./redis-link.ts";
import { pinOf, type SourceFault, type SourceFiles, sourceFaults } from "./source-files.ts";
import { type CallFaults, createCallFaults } from "./tenant/call-faults.ts";
import type { CallWatch } from "./tenant/ingestion-port.ts";
import { createTenant, linesOf, type Spoiling, type Tenant } from "./tenant/tenant.ts";
import type { Trace } from "./trace.ts";
import { createVirtualTime, type VirtualTime } from "./virtual-time.ts";
import { connections, createWorkload, type Workload } from "./workload.ts";

/** First word of every key. */
export const prefix = "sim";

export interface Scene {
  readonly plan: Plan;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly counters: Counters;
  readonly crashes: CrashPlan;
  readonly workload: Workload;
  readonly files: SourceFiles;
  readonly keyspace: Keyspace;
  readonly health: RedisHealth;
  readonly dispatch: Dispatch;
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly callFaults: ReadonlyMap<string, CallFaults>;
  readonly hooks: Hooks;
  readonly touchedUris: Set<string>;
  readonly machines: Set<Machine>;
  /** Told to each process some time after Redis has come back. */
  readonly whenRedisIsBack: Set<() => void>;
  /** Told when Redis has lost some of what it had answered. */
  readonly whenRedisHasLost: Set<() => void>;
  readonly baseOf: (connection: string) => string;
  readonly linkOf: (machine: Machine, options: { readonly failsFast: boolean }) => RedisLink;
  readonly callWatchOf: (connection: string) => CallWatch;
  readonly spoil: () => Spoiling | undefined;
  readonly sourceFault: (uri: string) => SourceFault | undefined;
  readonly emitted: (machine: Machine, event: HeadgateEvent) => void;
  readonly unexpected: (task: Task, error: Error) => void;
  readonly trace: (line: string) => void;
  readonly violate: (invariant: string, message: string) => void;
  /** Keeps a source object's content, so that it is known by its pin for good. */
  readonly putFile: (uri: string, content: Buffer) => void;
  /** No fault comes any more. */
  readonly calm: () => void;
  /** Connections whose loads or bulk jobs have changed since the last call. */
  readonly changed: () => readonly string[];
}

/** What the run tells of a violation. */
export interface Violation {
  readonly invariant: string;
  readonly message: string;
}

export function createScene(options: {
  readonly plan: Plan;
  readonly random: Random;
  readonly traceOf: (now: () => number) => Trace;
  readonly invariants: readonly ((view: View) => Invariant)[];
  readonly violate: (violation: Violation) => void;
}): Scene {
  const { plan, random } = options;
  const time: VirtualTime = createVirtualTime(plan.start, (name) => trace.add(name));
  const trace = options.traceOf(time.now);
  const counters = createCounters();
  const health: RedisHealth = { awayUntil: 0, fullUntil: 0, outages: 0, losses: 0 };
  const { quietFrom, start } = plan;
  const workload = createWorkload(random.fork("workload"), {
    start,
    spanMs: quietFrom - start - 6 * 3_600_000,
    bursts: plan.bursts,
    hasBadSources: plan.hasBadSources,
    crowding: plan.crowding,
    largeShare: plan.largeShare,
  });
  const storeRandom = random.fork("store");
  const keyspace = new Keyspace({ clock: () => epochMs(time.now()), random: storeRandom.next });
  const dispatch = createDispatch({
    time,
    health,
    random: random.fork("dispatch"),
    counters,
    queues: [queueNames.loads, queueNames.bulkJobs, queueNames.upkeep],
  });
  const baseOf = (connection: string): string => ledgerBase(prefix, connection);
  const dirty = new Set<string>();
  const loadsNow = new Map<string, readonly LoadFacts[]>();
  const machines = new Set<Machine>();
  const touchedUris = new Set<string>();
  const linesOfPin = new Map<string, readonly string[]>();
  let isCalm = false;

  const violate = (invariant: string, message: string): void => {
    trace.add(`VIOLATION ${invariant}: ${message}`);
    options.violate({ invariant, message });
  };
  const remember = (content: Buffer): void => {
    linesOfPin.set(pinOf(content), linesOf(content.toString()));
  };
  for (const content of workload.files.values()) remember(content);
  const tenants = new Map<string, Tenant>();
  const view: View = {
    plan,
    workload,
    now: time.now,
    keyspace,
    tasks: dispatch.store,
    tenants,
    counters,
    machines: () => [...machines],
    redisAwayUntil: () => Math.max(health.awayUntil, health.fullUntil),
    baseOf,
    changedLoads(connection) {
      const known = loadsNow.get(connection) ?? loadsAt(keyspace, baseOf(connection));
      loadsNow.set(connection, known);
      return known;
    },
    touchedUris,
    linesOfPin: (pin) => linesOfPin.get(pin),
    violate,
  };
  const hooks = tellAll(options.invariants.map((make) => make(view)));

  const tenantRandom = random.fork("tenants");
  const callFaults = new Map<string, CallFaults>();
  for (const [index, name] of connections.entries()) {
    let ids = 0;
    tenants.set(
      name,
      createTenant({
        name,
        now: time.now,
        aheadMs: plan.aheadMs[index] ?? 0,
        slots: plan.slots,
        permits: plan.permits,
        oneBulkJobPerObject: plan.oneBulkJobPerObject,
        maxFiles: plan.maxFiles,
        processingMs: plan.processingMs,
        retentionMs: plan.retentionMs,
        newId: () => `${name}-${++ids}`,
        watch: {
          createArrived(ours, { object }) {
            if (ours) hooks.createArrived(name, object);
          },
          made(bulkJob, ours) {
            if (ours) hooks.made(name, bulkJob);
          },
          uploadArrived: (bulkJob) => hooks.uploadArrived(name, bulkJob),
          fileAccepted: (bulkJob, file) => hooks.fileAccepted(name, bulkJob, file),
          closed(bulkJob, ours) {
            if (ours) hooks.closed(name, bulkJob);
          },
          completed: (bulkJob, files) => hooks.completed(name, bulkJob, files),
        },
      }),
    );
    callFaults.set(
      name,
      createCallFaults({
        random: random.fork(`calls of ${name}`),
        counters,
        enabledShare: plan.callFaultShare,
        rate: plan.callFaultRate,
      }),
    );
  }

  const crashPlan = createCrashPlan(plan.strikes, {
    now: time.now,
    struck(machine, { point, blow }) {
      counters.count(blow.kind === "killed" ? point : `${blow.kind} at a crash point`);
      trace.add(`${machine.name} is ${blow.kind} at ${point}`);
      if ("forMs" in blow)
        time.in(blow.forMs, `${machine.name} goes on`, () => dispatch.lookAtAll());
    },
  });
  const crashes: CrashPlan = {
    strikes: (machine, mark, moment) => !isCalm && crashPlan.strikes(machine, mark, moment),
  };

  return {
    plan,
    time,
    random,
    counters,
    workload,
    keyspace,
    health,
    dispatch,
    tenants,
    callFaults,
    hooks,
    touchedUris,
    machines,
    whenRedisIsBack: new Set(),
    whenRedisHasLost: new Set(),
    baseOf,
    files: workload.files,
    crashes,
    linkOf(machine, { failsFast }) {
      machines.add(machine);
      machine.onDeath(() => machines.delete(machine));
      return createRedisLink({
        time,
        machine,
        health,
        counters,
        failsFast,
        random: random.fork(`link of ${machine.name}`),
        crashes,
        slowShare: plan.slowShare,
        resendShare: () => (isCalm ? 0 : plan.resendShare),
        written: (base) => dirty.add(base),
      });
    },
    callWatchOf: (connection) => ({
      createLeaves: (machine) => hooks.createLeaves(machine, connection),
      createRefused: (object) => hooks.createArrived(connection, object),
      throttled: (machine, _tenant, retryAfterMs) =>
        hooks.throttled(machine, connection, retryAfterMs),
      uploadBegins: (machine, remoteId) => hooks.uploadBegins(machine, remoteId),
    }),
    spoil() {
      if (isCalm) return undefined;
      if (tenantRandom.chance(plan.failRate)) {
        counters.count("bulk job Failed");
        return "fail";
      }
      if (!tenantRandom.chance(plan.stuckRate)) return undefined;
      counters.count("bulk job stuck for hours");
      return { lastsMs: tenantRandom.int(2 * 3_600_000, plan.longestStuckMs) };
    },
    sourceFault(uri) {
      if (isCalm || !tenantRandom.chance(plan.sourceFaultRate)) return undefined;
      const fault = tenantRandom.pick(sourceFaults);
      // A read that ends as if it were whole is as good as another content.
      if (fault === "short") touchedUris.add(uri);
      return fault;
    },
    emitted(machine, event) {
      if (trace.kind !== "nothing") trace.add(`${machine.name} * ${eventLine(event)}`);
      hooks.emitted(machine, event);
      if (event.type === "bulk-job.create-unknown") counters.count("create unknown");
      if (event.type === "bulk-job.upload-unknown") counters.count("upload unknown");
      if (event.type === "bulk-job.opened" && event.adopted) counters.count("bulk job adopted");
      if (event.type === "bulk-job.part-returned") counters.count("part returned");
      if (event.type === "reaper.acted") counters.count(`reaper ${event.decision}: ${event.why}`);
      if (event.type === "bulk-job.ended") counters.count(`bulk job ended ${event.end}`);
    },
    unexpected: (task, error) => void counters.count(`unexpected ${task.queue} ${error.name}`),
    trace: (line) => trace.add(line),
    violate,
    putFile(uri, content) {
      workload.files.set(uri, content);
      remember(content);
    },
    calm() {
      isCalm = true;
      for (const faults of callFaults.values()) faults.stop();
    },
    changed() {
      if (dirty.size === 0) return [];
      loadsNow.clear();
      const names = connections.filter((name) => dirty.has(baseOf(name)));
      dirty.clear();
      return names;
    },
  };
}

/** What the fleet may use of a tenant: its limits, and the margin on the window. */
export function limitsOf(plan: Plan): SlotLimits {
  const { slots, permits, reserveSlots } = plan;
  return { ...defaultSlotLimits, slots, permits, reserveSlots };
}
