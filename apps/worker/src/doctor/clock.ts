/** Judges how far another machine's clock is from ours. */
import { type Check, type CheckName, fail, ok, warn } from "./check.ts";

/** Slots are kept this much longer than their hour for clocks that differ: 30 s. A third is noticed. */
const noticedMs = 10_000;
/** Login servers refuse assertions whose `exp` is over 3 minutes off. Source: OAuth 2.0 JWT Bearer Flow. */
const refusedMs = 180_000;

/** `offsetMs` is how far the other clock is ahead of ours; `whose` names it. */
export function clockCheck(
  name: CheckName,
  { offsetMs, whose }: { readonly offsetMs: number; readonly whose: string },
): Check {
  const off = Math.abs(offsetMs);
  const side = offsetMs < 0 ? "behind" : "ahead of";
  const seen = `${whose} is ${(off / 1000).toFixed(1)} s ${side} this machine's clock`;
  const advice = "set both clocks by NTP (timedatectl shows whether this machine's is)";
  if (off > refusedMs) return fail(name, `${seen}; allowed are 180 s`, advice);
  if (off > noticedMs) return warn(name, `${seen}; 10 s or less would be right`, advice);
  return ok(name, seen);
}
