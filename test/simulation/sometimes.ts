/** What must come at least once in a run of many seeds, or the run has not tested it. */
import { crashPoints } from "./crash-points.ts";
import { timedFaults } from "./plan.ts";
import { sourceFaults } from "./source-files.ts";
import { callFaultCounters } from "./tenant/call-faults.ts";

const branches = [
  "bulk job Failed",
  "bulk job adopted",
  "bulk job ended aborted",
  "bulk job ended complete",
  "bulk job ended conflict",
  "bulk job ended failed",
  "bulk job ended lost",
  "bulk job full",
  "bulk job stuck for hours",
  "cancel accepted",
  "cancel refused",
  "claim beside other tools",
  "client asks again",
  "client asks anew after a loss",
  "create unknown",
  "ghost upload accepted",
  "ghost upload refused",
  "key of another request",
  "load cancelled",
  "load complete",
  "load failed",
  "part returned",
  "permits all taken",
  "reason unstable",
  "reaper abort: too-old",
  "reaper report: foreign",
  "reaper report: old",
  "redis command done twice",
  "redis full",
  "redis waits out an outage",
  "rows applied again",
  "same key again",
  "cut at a crash point",
  "stopped at a crash point",
  "told at a crash point",
  "task taken over",
  "upload unknown",
  "window full",
] as const;

export const mustHappen: readonly string[] = [
  ...branches,
  ...timedFaults,
  ...sourceFaults.map((fault) => `source ${fault}`),
  ...callFaultCounters,
  ...crashPoints,
];
