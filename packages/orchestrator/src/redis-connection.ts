/** Redis connections for the two ways headgate uses them. */
import { Redis, type RedisOptions } from "ioredis";

type Options = Omit<RedisOptions, "replyMapping">;

/** Longest wait for a connection or an answer before a caller is told that Redis is away. */
const answerMs = 3000;

/**
 * For the API and other producers: fails fast, so that a caller gets 503 and nothing is half-done.
 * The URL is `redis://`, `rediss://`, or `unix:///path/of/socket?db=1`, with a login `unix://user:password@localhost/path`.
 */
export function connectProducer(url: string): Redis {
  return connect(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: answerMs,
    commandTimeout: answerMs,
    retryStrategy: (tries) => Math.min(100 * tries, 2000),
  });
}

/** For workers: waits out an outage. BullMQ's blocking calls need unbounded retries. */
export function connectWorker(url: string): Redis {
  return connect(url, {
    maxRetriesPerRequest: null,
    retryStrategy: (tries) => Math.min(100 * tries, 5000),
  });
}

/** Resolves once a connection can be used, or after the time a caller would wait for an answer. */
export async function whenReady(redis: Redis): Promise<boolean> {
  if (redis.status === "ready") return true;
  return await new Promise((resolve) => {
    const timer = setTimeout(() => settle(false), answerMs);
    const ready = () => settle(true);
    function settle(isReady: boolean): void {
      clearTimeout(timer);
      redis.off("ready", ready);
      resolve(isReady);
    }
    redis.once("ready", ready);
  });
}

/** Without a listener an outage would end the process; each failed call reports it by itself. */
function connect(url: string, options: Options): Redis {
  const all: Options = { ...options, reconnectOnError: isDemoted };
  const redis = url.startsWith("unix:")
    ? new Redis({ ...socketOf(url), ...all })
    : new Redis(url, all);
  redis.on("error", () => undefined);
  return redis;
}

/**
 * After a failover the old primary answers READONLY, for as long as one stays with it: a new connection
 * finds the new one. The command itself fails.
 */
function isDemoted(error: Error): boolean {
  return error.message.split(" ", 1)[0] === "READONLY";
}

/** ioredis knows no URL for a socket. */
function socketOf(url: string): Options {
  const { pathname, username, password, searchParams } = new URL(url);
  return {
    path: decodeURIComponent(pathname),
    db: Number(searchParams.get("db") ?? 0),
    ...(username === "" ? {} : { username: decodeURIComponent(username) }),
    ...(password === "" ? {} : { password: decodeURIComponent(password) }),
  };
}
