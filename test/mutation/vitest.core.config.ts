/** The tests that all of core and the classifier of answers are held to. */
import { mutationConfig } from "./vitest-config.ts";

export default mutationConfig([
  "packages/core/src/**/*.test.ts",
  "packages/ingestion-api/src/{api-errors,answer-headers}.test.ts",
]);
