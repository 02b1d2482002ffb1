/** Reads the tenant's list of unfinished bulk jobs now, whoever else is at it. */
import { setTimeout } from "node:timers/promises";
import { guarded } from "../ledger/ledger.ts";
import type { StepContext } from "../steps/context.ts";
import { observeTenant } from "../steps/observe-tenant.ts";

/** Pause while another worker reads the list. */
const pauseMs = 200;

/** How many unfinished bulk jobs the tenant lists, ours and other tools'. Throws ERR_API_*. */
export async function observeNow(
  context: StepContext,
  signal: AbortSignal,
): Promise<{ readonly ours: number; readonly foreign: number }> {
  const { redis, base } = context.ledger;
  while (!(await observeTenant(context, 0, signal)))
    await setTimeout(pauseMs, undefined, { signal });
  return await guarded(async () => ({
    ours: await redis.hlen(`${base}observed`),
    foreign: await redis.hlen(`${base}foreign-live`),
  }));
}
