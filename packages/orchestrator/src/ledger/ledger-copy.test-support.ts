/** An older copy of a ledger, as a Redis that was restored or failed over would have it. */
import type { Ledger } from "./ledger.ts";

type Copied =
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly string[] }
  | { readonly kind: "set"; readonly members: readonly string[] }
  | { readonly kind: "zset"; readonly flat: readonly string[] }
  | { readonly kind: "hash"; readonly fields: Readonly<Record<string, string>> };

/** Copies the ledger as it is now; what it answers puts that copy in place of whatever is there then. */
export async function copyLedger(ledger: Ledger): Promise<() => Promise<void>> {
  const { redis, base } = ledger;
  const copies = new Map<string, Copied>();
  for (const key of await redis.keys(`${base}*`)) copies.set(key, await copyKey(ledger, key));
  return async () => {
    await emptyLedger(ledger);
    for (const [key, copied] of copies) await putBack(ledger, key, copied);
  };
}

/** Removes all that the ledger has, as FLUSHALL does. */
export async function emptyLedger({ redis, base }: Ledger): Promise<void> {
  const keys = await redis.keys(`${base}*`);
  if (keys.length > 0) await redis.del(...keys);
}

async function copyKey({ redis }: Ledger, key: string): Promise<Copied> {
  const kind = await redis.type(key);
  switch (kind) {
    case "string":
      return { kind, text: (await redis.get(key)) ?? "" };
    case "list":
      return { kind, items: await redis.lrange(key, 0, -1) };
    case "set":
      return { kind, members: await redis.smembers(key) };
    case "zset":
      return { kind, flat: await redis.zrange(key, "0", "-1", "WITHSCORES") };
    case "hash":
      return { kind, fields: await redis.hgetall(key) };
    default:
      throw new Error(`${key} is a ${kind}, which no ledger has`);
  }
}

async function putBack({ redis }: Ledger, key: string, copied: Copied): Promise<unknown> {
  switch (copied.kind) {
    case "string":
      return await redis.set(key, copied.text);
    case "list":
      return await redis.rpush(key, ...copied.items);
    case "set":
      return await redis.sadd(key, ...copied.members);
    case "hash":
      return await redis.hset(key, copied.fields);
    case "zset": {
      const { flat } = copied;
      const pairs = flat.flatMap((member, i) => (i % 2 === 0 ? [flat[i + 1] ?? "", member] : []));
      return await redis.zadd(key, ...pairs);
    }
  }
}
