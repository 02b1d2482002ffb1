/** The tests of the modules that must hold in full: each module's own ones. */
import { mutationConfig } from "./vitest-config.ts";

export default mutationConfig([
  "packages/core/src/{bulk-job,load,reaper,retry-table,slot-ledger,units,limits}.test.ts",
  "packages/core/src/schedule/run.test.ts",
  "packages/ingestion-api/src/{api-errors,answer-headers}.test.ts",
]);
