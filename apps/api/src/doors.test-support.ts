/** The real doors on the test run's Redis, under a prefix of their own. */
import { randomBytes } from "node:crypto";
import { createProducer, type Producer } from "@headgate/orchestrator/producer";
import { inject } from "vitest";

/** Opens doors to these connections; the caller closes them. */
export async function openTestDoors(
  connections: readonly string[] = ["default"],
): Promise<Producer & { readonly prefix: string }> {
  const prefix = `test-${randomBytes(6).toString("hex")}`;
  const producer = await createProducer({
    redisUrl: inject("redisUrl"),
    prefix,
    connections,
    emit: () => undefined,
  });
  return {
    ...producer,
    prefix,
    async close() {
      const keys = await producer.redis.keys(`*${prefix}*`);
      if (keys.length > 0) await producer.redis.del(...keys);
      await producer.close();
    },
  };
}
