/** Redis connections for the two ways headgate uses them. */
import { Redis } from "ioredis";

/** Longest wait for a connection or an answer before a caller is told that Redis is away. */
const answerMs = 3000;

/** For the API and other producers: fails fast, so that a caller gets 503 and nothing is half-done. */
export function connectProducer(url: string): Redis {
  return quiet(
    new Redis(url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: answerMs,
      commandTimeout: answerMs,
      retryStrategy: (tries) => Math.min(100 * tries, 2000),
    }),
  );
}

/** For workers: waits out an outage. BullMQ's blocking calls need unbounded retries. */
export function connectWorker(url: string): Redis {
  return quiet(
    new Redis(url, {
      maxRetriesPerRequest: null,
      retryStrategy: (tries) => Math.min(100 * tries, 5000),
    }),
  );
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
function quiet(redis: Redis): Redis {
  redis.on("error", () => undefined);
  return redis;
}
