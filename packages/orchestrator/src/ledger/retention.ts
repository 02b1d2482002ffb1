/** Index entries of records that have expired. */
import type { EpochMs } from "@headgate/core";
import { guarded, type Ledger, retentionSeconds } from "./ledger.ts";

/** Entries looked at in one go. */
const batch = 500;

/** Removes index entries whose record is gone; looks only at those older than the retention. */
export async function forgetExpired(ledger: Ledger, now: EpochMs): Promise<void> {
  const old = now - retentionSeconds * 1000;
  await guarded(async () => {
    const { redis, base } = ledger;
    for (const [index, record] of [
      ["loads", "load"],
      ["bulk-jobs", "bulk-job"],
    ] as const) {
      const ids = await redis.zrangebyscore(`${base}${index}`, "-inf", old, "LIMIT", 0, batch);
      for (const id of ids)
        if ((await redis.exists(`${base}${record}:${id}`)) === 0)
          await redis.zrem(`${base}${index}`, id);
    }
  });
}
