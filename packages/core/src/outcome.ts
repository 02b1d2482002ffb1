/**
 * The closed set of answers a task step can give. One function in the orchestrator maps them to
 * queue effects; nothing else touches the queue's attempts, delays or failures.
 */
import type { EpochMs } from "./units.ts";

/** How a task step ends. */
export type Outcome =
  /** The task is finished; `result` is kept on it for people to read. */
  | { readonly kind: "done"; readonly result?: Readonly<Record<string, unknown>> }
  /** Come back at `until`, or at once where a wake-up arrives first. Spends no attempt. */
  | { readonly kind: "snooze"; readonly until: EpochMs; readonly reason: string }
  /** The task has no more reason to run. */
  | { readonly kind: "cancel"; readonly reason: string }
  /** The task ends for good with this reason, a code such as `source_changed`. */
  | { readonly kind: "fail"; readonly code: string; readonly message: string };
