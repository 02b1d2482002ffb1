/**
 * A simulated machine with one headgate process on it. It can be killed, stopped and continued, or
 * cut from Redis. What a killed process waits for never comes, so nothing of it ever runs again.
 */
import type { Process } from "./virtual-time.ts";

export interface Machine extends Process {
  /** Instant until which nothing passes between it and Redis; in the past: all is well. */
  readonly cutUntil: number;
  kill(): void;
  stopUntil(instant: number): void;
  cutFromRedis(until: number): void;
  /** SIGTERM, as its process takes it; the first one only. */
  tellToStop(): void;
  onTold(stop: () => void): void;
  /** Whether it was stopped or cut off at any time since an instant. */
  wasAwaySince(instant: number): boolean;
  /** Called at its death, once. */
  onDeath(done: () => void): void;
}

/** A machine that is up; `now` is true time. */
export function createMachine(options: {
  readonly name: string;
  readonly skewMs: number;
  readonly now: () => number;
}): Machine {
  const { name, skewMs, now } = options;
  const whenDead: (() => void)[] = [];
  let whenTold: (() => void) | undefined;
  let alive = true;
  let stoppedUntil = Number.NEGATIVE_INFINITY;
  let cutUntil = Number.NEGATIVE_INFINITY;
  return {
    name,
    skewMs,
    get alive() {
      return alive;
    },
    get resumesAt() {
      return stoppedUntil > now() ? stoppedUntil : undefined;
    },
    get cutUntil() {
      return cutUntil;
    },
    kill() {
      if (!alive) return;
      alive = false;
      for (const done of whenDead.splice(0)) done();
    },
    stopUntil(instant) {
      stoppedUntil = Math.max(stoppedUntil, instant);
    },
    cutFromRedis(until) {
      cutUntil = Math.max(cutUntil, until);
    },
    tellToStop() {
      const stop = whenTold;
      whenTold = undefined;
      stop?.();
    },
    onTold(stop) {
      whenTold = stop;
    },
    wasAwaySince: (instant) => stoppedUntil >= instant || cutUntil >= instant,
    onDeath(done) {
      if (alive) whenDead.push(done);
      else done();
    },
  };
}

/** What a dead process waits for. */
export function never(): Promise<never> {
  return new Promise(() => undefined);
}
