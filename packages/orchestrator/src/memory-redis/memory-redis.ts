/**
 * A client of a Redis in memory: ioredis itself, whose commands go to a keyspace instead of a
 * connection. So arguments and answers take the same ways as on the real Redis.
 */
import { type Command, Redis } from "ioredis";
import { execute } from "./execute.ts";
import type { Keyspace } from "./keyspace.ts";
import { type Reply, ReplyError } from "./reply.ts";

/** A command as it goes over the wire; the name in small letters. */
export interface MemoryCommand {
  readonly name: string;
  readonly args: readonly string[];
}

/**
 * Stands between a client and the keyspace, for one message: a command, or all commands of a
 * pipeline or MULTI. `run` has the keyspace execute them and answers what they answer, at once and
 * all together; the client gets that when the hook resolves, at once where it answers nothing to wait
 * for. So a hook can wait before `run` (a slow
 * way there) or behind it (a slow way back), throw without it (never arrived) or after it (done,
 * and the answer lost). What it throws, each command of the message fails with. Messages of one
 * client that wait can overtake each other, as on several connections.
 */
export type Via = (
  message: readonly MemoryCommand[],
  run: () => readonly Reply[],
) => Promise<void> | undefined;

/** Opens a client of the keyspace. Without `via` commands run at once, in the order in which they are given. */
export function openMemoryRedis(
  keyspace: Keyspace,
  { via }: { readonly via?: Via | undefined } = {},
): Redis {
  const redis = new Redis({ lazyConnect: true, protocol: 2 });
  const transaction: Transaction = { queued: undefined };
  let batch: Batch | undefined;

  function flush(): void {
    const { commands = [] } = batch ?? {};
    batch = undefined;
    if (commands.length === 0) return;
    const message = commands.map(({ name, args }) => ({
      name: name.toLowerCase(),
      args: args.map(textOf),
    }));
    const run = (): readonly Reply[] => answersOf(keyspace, transaction, message);
    if (via === undefined) settle(commands, run());
    else deliver(via, { commands, message, run });
  }

  redis.sendCommand = (command, pipeline) => {
    if (redis.status === "end") {
      command.reject(new Error("Connection is closed."));
      return command.promise;
    }
    if (batch !== undefined && batch.pipeline === pipeline) {
      batch.commands.push(command);
      return command.promise;
    }
    flush();
    batch = { pipeline, commands: [command] };
    // A pipeline sends all its commands before anything else gets a turn.
    if (pipeline === undefined) flush();
    else queueMicrotask(flush);
    return command.promise;
  };
  redis.disconnect = () => {
    redis.status = "end";
  };
  redis.status = "ready";
  return redis;
}

interface Batch {
  readonly pipeline: unknown;
  readonly commands: Command[];
}

/** Commands between MULTI and EXEC. */
interface Transaction {
  queued: MemoryCommand[] | undefined;
}

function deliver(
  via: Via,
  sent: {
    readonly commands: readonly Command[];
    readonly message: readonly MemoryCommand[];
    readonly run: () => readonly Reply[];
  },
): void {
  let answers: readonly Reply[] | undefined;
  const arrived = (): void => {
    if (answers === undefined)
      throw new TypeError("the hook has neither run the message nor failed it");
    settle(sent.commands, answers);
  };
  const failed = (error: unknown): void => {
    const fault = error instanceof Error ? error : new Error(String(error));
    for (const command of sent.commands) command.reject(fault);
  };
  try {
    const way = via(sent.message, () => {
      answers = sent.run();
      return answers;
    });
    if (way === undefined) arrived();
    else way.then(arrived).catch(failed);
  } catch (error) {
    failed(error);
  }
}

function settle(commands: readonly Command[], answers: readonly Reply[]): void {
  for (const [index, command] of commands.entries()) {
    const answer = answers[index] ?? null;
    if (answer instanceof Error) command.reject(answer);
    else command.resolve(plain(answer));
  }
}

/** Runs the commands of a message, and answers each one's reply or error. */
function answersOf(
  keyspace: Keyspace,
  transaction: Transaction,
  message: readonly MemoryCommand[],
): readonly Reply[] {
  keyspace.tick();
  return message.map(({ name, args }) => {
    const { queued } = transaction;
    if (name === "multi") {
      transaction.queued = [];
      return { status: "OK" };
    }
    if (name === "exec") {
      transaction.queued = undefined;
      if (queued === undefined) return new ReplyError("ERR EXEC without MULTI");
      return queued.map((command) => attempt(keyspace, command));
    }
    if (queued === undefined) return attempt(keyspace, { name, args });
    queued.push({ name, args });
    return { status: "QUEUED" };
  });
}

function attempt(keyspace: Keyspace, { name, args }: MemoryCommand): Reply {
  try {
    return execute(keyspace, name, args);
  } catch (error) {
    if (error instanceof ReplyError) return error;
    throw error;
  }
}

/** Text as UTF-8 brings it across. */
function textOf(argument: unknown): string {
  return typeof argument === "string" ? argument.toWellFormed() : String(argument);
}

/** An answer as ioredis reads it off the wire. */
function plain(reply: Reply): unknown {
  if (reply === null || typeof reply !== "object" || reply instanceof Error) return reply;
  return "status" in reply ? reply.status : reply.map(plain);
}
