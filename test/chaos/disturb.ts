/** Does to a running environment what a schedule says, and undoes it. */
import { setTimeout as delay } from "node:timers/promises";
import type { Environment } from "./environment.ts";
import { type Fault, type Planned, type Victim, workerNames } from "./schedule.ts";

/** Faults that were done, by kind. */
export interface Done {
  readonly kills: number;
  readonly pauses: number;
  readonly drains: number;
  readonly redisFaults: number;
  readonly networkFaults: number;
  readonly tenantFaults: number;
}

export interface Disturber {
  /** Does every fault at its time; resolves after the last, with everything healed. */
  run(faults: readonly Planned[], signal: AbortSignal): Promise<void>;
  done(): Done;
  /** What a fault of this run has shown, such as a drain that took too long. */
  readonly problems: readonly string[];
}

/** A drain that takes longer has failed (L3). */
const drainWithinMs = 30_000;

/** Disturbs this environment; `say` is told of each fault. */
export function createDisturber(environment: Environment, say: (line: string) => void): Disturber {
  const { redis, services, proxyOf, emulatorUrl } = environment;
  const done = {
    kills: 0,
    pauses: 0,
    drains: 0,
    redisFaults: 0,
    networkFaults: 0,
    tenantFaults: 0,
  };
  const problems: string[] = [];
  /** Redis is away, asleep or full for one fault at a time. */
  let redisTurn: Promise<void> = Promise.resolve();

  const serviceOf = (victim: Victim) => {
    const service = services.get(victim);
    if (service === undefined) throw new RangeError(`no service ${victim}`);
    return service;
  };

  async function drain(victim: Victim): Promise<void> {
    done.drains++;
    const began = performance.now();
    await serviceOf(victim).drain();
    const tookMs = Math.round(performance.now() - began);
    if (tookMs > drainWithinMs) problems.push(`${victim} took ${tookMs} ms to drain`);
  }

  function toRedis(work: () => Promise<unknown>): Promise<void> {
    redisTurn = redisTurn.then(async () => {
      done.redisFaults++;
      await work();
    });
    return redisTurn;
  }

  async function perform(fault: Fault): Promise<void> {
    switch (fault.kind) {
      case "kill":
        done.kills++;
        return serviceOf(fault.victim).kill("SIGKILL");
      case "stop":
        done.pauses++;
        return await serviceOf(fault.victim).pause(fault.forMs);
      case "drain":
        return await drain(fault.victim);
      case "rolling-restart":
        for (const victim of workerNames) {
          await drain(victim);
          await serviceOf(victim).ready();
        }
        return;
      case "redis-kill":
        return await toRedis(async () => {
          await redis.kill();
          await delay(fault.awayMs);
          await redis.start();
        });
      case "redis-sleep":
        return await toRedis(() => redis.client.call("DEBUG", "SLEEP", String(fault.forMs / 1000)));
      case "redis-cut-clients":
        return await toRedis(() => redis.client.call("CLIENT", "KILL", "TYPE", "normal"));
      case "redis-full":
        return await toRedis(async () => {
          await redis.client.config("SET", "maxmemory", "1");
          await delay(fault.forMs);
          await redis.client.config("SET", "maxmemory", "0");
        });
      case "redis-flush":
        return await toRedis(() => redis.client.flushall());
      case "redis-older-copy":
        return await toRedis(async () => {
          await redis.copy();
          await delay(fault.ageMs);
          await redis.restore();
        });
      case "network": {
        done.networkFaults++;
        const proxy = proxyOf(fault.leg);
        proxy.setTrouble(fault.trouble);
        await delay(fault.forMs);
        return proxy.setTrouble(undefined);
      }
      case "tenant":
        done.tenantFaults++;
        return await order([fault.fault]);
    }
  }

  async function order(faults: readonly object[]): Promise<void> {
    await fetch(`${emulatorUrl}/__emulator/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(faults),
    });
  }

  return {
    problems,
    done: () => ({ ...done }),
    async run(faults, signal) {
      const began = performance.now();
      const running: Promise<void>[] = [];
      for (const { atMs, fault } of faults) {
        const waitMs = began + atMs - performance.now();
        if (waitMs > 0) await delay(waitMs, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) break;
        say(`${(atMs / 1000).toFixed(1)} s: ${told(fault)}`);
        running.push(
          perform(fault).catch((error: unknown) => {
            problems.push(`${told(fault)}: ${String(error)}`);
          }),
        );
      }
      await Promise.all(running);
      await fetch(`${emulatorUrl}/__emulator/faults`, { method: "DELETE" });
    },
  };
}

function told({ kind, ...particulars }: Fault): string {
  return `${kind} ${JSON.stringify(particulars)}`;
}
