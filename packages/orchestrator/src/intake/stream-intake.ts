/**
 * The way in for systems that only have Redis: plain JSON requests on a stream.
 *
 *   XADD <prefix>:requests * request '{"sourceName":…}' [key <idempotency key>]
 *   XADD <prefix>:requests * cancel <load id>
 *
 * What was done is answered on `<prefix>:accepted` (entry, load, state, replayed), what was refused
 * on `<prefix>:refused` (entry, code, message); then the entry is removed. Without `key` the entry's
 * own id is the idempotency key, so an entry that is read twice makes one load.
 */
import { setTimeout } from "node:timers/promises";
import { isBulkError, reasonCode } from "@headgate/core";
import type { Redis } from "ioredis";
import { z } from "zod";
import type { EmitEvent } from "../events.ts";
import { executed } from "../ledger/ledger.ts";
import type { Accepted, Caller, Loads } from "../loads.ts";
import { cancelAs } from "./cancel-as.ts";
import { readAsk, type StreamAsk, type StreamEntry } from "./stream-ask.ts";

export interface StreamIntakeOptions {
  /** A connection of its own, for it blocks; closed here. */
  readonly redis: Redis;
  readonly prefix: string;
  readonly loads: Loads;
  /** Name of this reader in the consumer group, such as host and process id. */
  readonly consumer: string;
  /** Who the requests come from, asked for each: rights may change while it reads. */
  readonly caller: () => Caller;
  readonly emit: EmitEvent;
}

/** A reader of the stream. */
export interface StreamIntake {
  close(): Promise<void>;
}

const group = "headgate";
/** Answers kept on each of the two answer streams. */
const answersKept = 10_000;
const blockMs = 5000;
/** Age from which an entry that a dead reader left behind is taken over. */
const abandonedMs = 60_000;
/** Pause after Redis could not be used. */
const outagePauseMs = 1000;

/**
 * Starts reading; outlasts outages of Redis. `close` leaves what was read and not answered to
 * other readers.
 */
export function startStreamIntake(options: StreamIntakeOptions): StreamIntake {
  const stop = new AbortController();
  const running = run(options, stop.signal);
  return {
    async close() {
      stop.abort();
      options.redis.disconnect();
      await running;
    },
  };
}

async function run(options: StreamIntakeOptions, stop: AbortSignal): Promise<void> {
  const { redis, prefix, consumer, emit } = options;
  const requests = `${prefix}:requests`;
  while (!stop.aborted)
    try {
      await ensureGroup(redis, requests);
      while (!stop.aborted) {
        const abandoned = await redis.xautoclaim(
          requests,
          group,
          consumer,
          abandonedMs,
          "0-0",
          "COUNT",
          50,
        );
        for (const entry of claimedEntries.parse(abandoned)) await takeOrLeave(options, entry);
        const read = await redis.xreadgroup(
          "GROUP",
          group,
          consumer,
          "COUNT",
          50,
          "BLOCK",
          blockMs,
          "STREAMS",
          requests,
          ">",
        );
        for (const entry of readEntries.parse(read)) await takeOrLeave(options, entry);
      }
    } catch (error) {
      if (stop.aborted) return;
      emit({ type: "queue.error", queue: requests, message: (error as Error).message });
      await setTimeout(outagePauseMs, undefined, { signal: stop }).catch(() => undefined);
    }
}

async function ensureGroup(redis: Redis, requests: string): Promise<void> {
  if (await hasGroup(redis, requests)) return;
  try {
    await redis.xgroup("CREATE", requests, group, "0", "MKSTREAM");
  } catch (error) {
    // Another worker that starts at the same time may have been first.
    if (!(await hasGroup(redis, requests))) throw error;
  }
}

async function hasGroup(redis: Redis, requests: string): Promise<boolean> {
  if ((await redis.exists(requests)) === 0) return false;
  const groups = z.array(z.array(z.unknown())).parse(await redis.xinfo("GROUPS", requests));
  return groups.some((fields) => fields.includes(group));
}

/** Leaves an entry that meets an unexpected error pending, to be tried again, and keeps nobody behind it waiting. */
async function takeOrLeave(options: StreamIntakeOptions, entry: StreamEntry): Promise<void> {
  try {
    await takeIn(options, entry);
  } catch (error) {
    if (isBulkError(error, "ERR_REDIS_AWAY")) throw error;
    options.emit({
      type: "queue.error",
      queue: `${options.prefix}:requests`,
      message: `entry ${entry.id}: ${(error as Error).message}`,
    });
  }
}

async function takeIn(options: StreamIntakeOptions, entry: StreamEntry): Promise<void> {
  const { redis, prefix, loads, emit } = options;
  const answer = redis.multi();
  const addAnswer = (stream: string, fields: readonly string[]) =>
    answer.xadd(
      ...([`${prefix}:${stream}`, "MAXLEN", "~", answersKept, "*"] as const),
      ...["entry", entry.id, ...fields],
    );
  try {
    const { load, replayed } = await done(loads, readAsk(entry), options.caller());
    addAnswer("accepted", ["load", load.id, "state", load.state, "replayed", String(replayed)]);
  } catch (error) {
    if (!isBulkError(error) || error.code === "ERR_REDIS_AWAY") throw error;
    emit({ type: "intake.refused", entry: entry.id, code: error.code, message: error.message });
    addAnswer("refused", ["code", reasonCode(error.code), "message", error.message]);
  }
  answer.xack(`${prefix}:requests`, group, entry.id).xdel(`${prefix}:requests`, entry.id);
  await executed(answer);
}

async function done(loads: Loads, ask: StreamAsk, caller: Caller): Promise<Accepted> {
  if (ask.kind === "cancel")
    return { load: await cancelAs(loads, ask.loadId, caller), replayed: false };
  return await loads.accept(ask.request, { caller, idempotencyKey: ask.idempotencyKey });
}

const rawEntry = z
  .tuple([z.string(), z.array(z.string()).nullable()])
  .transform(([id, flat]): StreamEntry => {
    const fields = new Map<string, string>();
    for (let i = 0; flat !== null && i + 1 < flat.length; i += 2)
      fields.set(flat[i] ?? "", flat[i + 1] ?? "");
    return { id, fields };
  });
const claimedEntries = z
  .tuple([z.string(), z.array(rawEntry)])
  .rest(z.unknown())
  .transform(([, entries]) => entries);
const readEntries = z
  .array(z.tuple([z.string(), z.array(rawEntry)]))
  .nullable()
  .transform((streams) => (streams ?? []).flatMap(([, entries]) => entries));
