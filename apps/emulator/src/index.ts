/** Local Ingestion API and OAuth with the real limits, a clock and faults. */
export {
  type Emulator,
  type EmulatorControl,
  type EmulatorOptions,
  startEmulator,
} from "./emulator.ts";
export type { EmulatorSettings, EmulatorSettingsInput } from "./settings.ts";
export type { AcceptedFile, BulkJobReport } from "./state/bulk-job.ts";
export type { CallKind } from "./state/call-kind.ts";
export type { ClockMode, EmulatorClock } from "./state/clock.ts";
export type { ConnectedApp } from "./state/connected-apps.ts";
export type { Fault, FaultInput, FaultReport } from "./state/faults.ts";
export type { ObjectReport } from "./state/object-data.ts";
export { type Hash64, HashSum, hashRecord } from "./state/record-hash.ts";
export type { LoggedCall } from "./state/request-log.ts";
export type { Maxima, StateReport } from "./world.ts";
