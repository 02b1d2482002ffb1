/**
 * The way between a machine and Redis. What goes over it can be slow, wait out an outage, be refused
 * for want of memory, and, like ioredis after a broken connection, be sent again although it was
 * done. A machine can die at each crossing.
 */
import {
  type MemoryCommand,
  type Reply,
  ReplyError,
  type Via,
} from "@headgate/orchestrator/memory-redis";
import type { Counters } from "./counters.ts";
import { type CrashPlan, type Mark, markOfCommand } from "./crash-points.ts";
import { type Machine, never } from "./machine.ts";
import type { Random } from "./random.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** How Redis is for everyone. */
export interface RedisHealth {
  /** Instant until which it does not answer. */
  awayUntil: number;
  /** Instant until which it refuses writes for want of memory. */
  fullUntil: number;
  /** How often it went away. */
  outages: number;
  /** Rises when it comes back without all that it had answered. */
  losses: number;
}

export interface RedisLinkOptions {
  readonly time: VirtualTime;
  readonly machine: Machine;
  readonly health: RedisHealth;
  readonly random: Random;
  readonly counters: Counters;
  readonly crashes: CrashPlan;
  /** Share of crossings that take time; the others are done at once. */
  readonly slowShare: number;
  /** Share of the slow ones whose connection breaks before the answer, so that they are sent again. */
  readonly resendShare: () => number;
  /** Whether a command fails at once while Redis is away, as a producer's does. */
  readonly failsFast: boolean;
  /** Loads, lines or bulk jobs of a ledger may have changed; told with the ledger's base. */
  readonly written: (base: string) => void;
}

export interface RedisLink {
  /** The hook of this machine's Redis client. */
  readonly via: Via;
  /** Told before the first answer of a Redis that was away. */
  onBreak(broken: () => void): void;
  /** Anything else that is done in Redis, such as a change of a task. */
  cross<Reply>(name: () => string, mark: Mark | undefined, run: () => Reply): Promise<Reply>;
}

/** What has come back, or nothing ever will. */
type Crossed<Reply> = { readonly reply: Reply } | typeof dead;
const dead = Symbol("dead");

const reads = new Set([
  "get",
  "hget",
  "hgetall",
  "hmget",
  "zrange",
  "lrange",
  "smembers",
  "exists",
]);

export function createRedisLink(options: RedisLinkOptions): RedisLink {
  const { time, machine, health, random, counters, crashes } = options;
  const whenBroken: (() => void)[] = [];
  let outages = health.outages;

  /** A new connection first says that the old one broke. */
  function connect(): void {
    if (outages === health.outages) return;
    outages = health.outages;
    for (const broken of whenBroken) broken();
  }

  /** Milliseconds until the machine and Redis are in touch again; 0: they are. */
  function awayMs(): number {
    return Math.max(health.awayUntil, machine.cutUntil) - time.now();
  }

  /** Mostly that of a network nearby, now and then that of a Redis which is busy with something else. */
  const latency = (): number => (random.chance(0.1) ? random.int(200, 3000) : random.int(1, 20));

  /** Undefined where the way takes time. Throws where it is closed, and what `run` throws. */
  function crossAtOnce<Reply>(
    mark: Mark | undefined,
    run: () => Reply,
  ): Crossed<Reply> | undefined {
    if (!machine.alive || crashes.strikes(machine, mark, "before")) return dead;
    const isAway = awayMs() > 0;
    if (isAway && options.failsFast) throw new Error("the connection is closed");
    if (isAway || machine.resumesAt !== undefined || random.chance(options.slowShare))
      return undefined;
    connect();
    const reply = run();
    if (crashes.strikes(machine, mark, "during")) return dead;
    return crashes.strikes(machine, mark, "after") ? dead : { reply };
  }

  function crossSlowly<Reply>(
    name: string,
    mark: Mark | undefined,
    run: () => Reply,
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void): void => {
        time.in(
          latency(),
          `${machine.name} < ${name}`,
          () => {
            if (!crashes.strikes(machine, mark, "after")) settle();
          },
          machine,
        );
      };
      const arrive = (sent: number): void => {
        const wait = awayMs();
        if (wait > 0) {
          if (!machine.alive) return;
          counters.count("redis waits out an outage");
          time.in(wait + random.int(1, 500), `${machine.name} > ${name} again`, () => arrive(sent));
          return;
        }
        try {
          connect();
          const reply = run();
          if (crashes.strikes(machine, mark, "during")) return;
          if (sent < 2 && random.chance(options.resendShare())) {
            counters.count("redis command done twice");
            time.in(random.int(50, 3000), `${machine.name} > ${name} twice`, () =>
              arrive(sent + 1),
            );
          } else answer(() => resolve(reply));
        } catch (error) {
          answer(() => reject(error));
        }
      };
      time.in(latency(), `${machine.name} > ${name}`, () => arrive(1));
    });
  }

  return {
    async cross(nameIt, mark, run) {
      const crossed = crossAtOnce(mark, run);
      if (crossed === undefined) return await crossSlowly(nameIt(), mark, run);
      return crossed === dead ? await never() : crossed.reply;
    },
    onBreak: (broken) => void whenBroken.push(broken),
    via(message, run) {
      const mark = markOf(message);
      const arrive = (): readonly Reply[] => {
        if (health.fullUntil > time.now() && message.some(({ name }) => !reads.has(name))) {
          counters.count("redis full");
          throw new ReplyError("OOM command not allowed when used memory > 'maxmemory'.");
        }
        for (const { name, args } of message)
          if (name === "eval" && changesLedger(args[0] ?? "")) options.written(args[2] ?? "");
        return run();
      };
      const crossed = crossAtOnce(mark, arrive);
      if (crossed === undefined) return crossSlowly(nameOf(message), mark, arrive).then(() => {});
      return crossed === dead ? never() : undefined;
    },
  };
}

const changing = new Map<string, boolean>();

function changesLedger(script: string): boolean {
  const known = changing.get(script);
  if (known !== undefined) return known;
  const changes = /set_state|'revision'/.test(script);
  changing.set(script, changes);
  return changes;
}

function markOf(message: readonly MemoryCommand[]): Mark | undefined {
  for (const { name, args } of message) {
    const mark = markOfCommand(name, args);
    if (mark !== undefined) return mark;
  }
  return undefined;
}

/** A script is told by what it is given, not by its text. */
function nameOf([first]: readonly MemoryCommand[]): string {
  if (first === undefined) return "nothing";
  const { name, args } = first;
  return name === "eval" ? `eval ${args.slice(3, 6).join(" ").slice(0, 60)}` : `${name} ${args[0]}`;
}
