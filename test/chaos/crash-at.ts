/** Kills its own process at a point that the environment names. */
import { appendFileSync } from "node:fs";
import type { EmitEvent } from "@headgate/orchestrator";
import { watchPoints } from "./crash-hooks.ts";

/** In place of a point: tell each point that is passed, once. */
const everyPoint = "?";

/**
 * Arms this process by CHAOS_CRASH_AT (a point), CHAOS_CRASH_PASSES (points of that name to let pass
 * first) and CHAOS_CRASH_LOG (where the point is written before the kill). Gives a taker of events,
 * which are points too; undefined where nothing is armed.
 */
export function armCrash(
  environment: Readonly<Record<string, string | undefined>>,
): EmitEvent | undefined {
  const { CHAOS_CRASH_AT: wanted, CHAOS_CRASH_LOG: log, CHAOS_CRASH_PASSES = "0" } = environment;
  if (wanted === undefined || log === undefined) return undefined;
  let passes = Number(CHAOS_CRASH_PASSES);
  const seen = new Set<string>();
  const reach = (point: string): void => {
    if (wanted === everyPoint && !seen.has(point)) {
      seen.add(point);
      appendFileSync(log, `${point}\n`);
    }
    if (point !== wanted || passes-- > 0) return;
    appendFileSync(log, `${point}\n`);
    process.kill(process.pid, "SIGKILL");
  };
  watchPoints(reach);
  return ({ type }) => reach(`event ${type}`);
}
