/** Every invariant that a run is held to. */
import { closeLast, order, partsInOnePlace, rowsApplied } from "./conservation.ts";
import { gate } from "./gate.ts";
import type { Invariant, View } from "./invariant.ts";
import { allEnd, noIdling } from "./liveness.ts";
import { bulkJobsMoveOn, ends, noneVanishes } from "./loads.ts";
import { files, frozen, othersObjects, permits, permitsOfAll, rollingHour } from "./quota.ts";
import { drains, oneWriter } from "./workers.ts";

export const allInvariants: readonly ((view: View) => Invariant)[] = [
  rollingHour,
  permits,
  permitsOfAll,
  frozen,
  othersObjects,
  files,
  gate,
  partsInOnePlace,
  rowsApplied,
  closeLast,
  order,
  noneVanishes,
  ends,
  bulkJobsMoveOn,
  oneWriter,
  drains,
  allEnd,
  noIdling,
];
