/** What is wrong with a configuration. */
import { BulkError } from "@headgate/core";
import type { SettingPath } from "./setting-tree.ts";

/** One fault of one setting. */
export interface Fault {
  readonly path: SettingPath;
  /** What is wrong with it, the value seen and those allowed; never a secret. */
  readonly message: string;
}

/** Finds where a setting stands, such as `headgate.yaml:3:7`, or the variable that sets it. */
export type PlaceOf = (path: SettingPath) => string;

/** A fault as a line for people. */
export function faultLine({ path, message }: Fault, placeOf: PlaceOf): string {
  const setting = path.length === 0 ? "" : `${path.join(".")}: `;
  return `${placeOf(path)} ${setting}${message}`;
}

/** ERR_CONFIG with a line for each fault. */
export function configError(lines: readonly string[]): BulkError {
  const indented = lines.map((line) => `  ${line}`).join("\n");
  return new BulkError("ERR_CONFIG", `the configuration is wrong:\n${indented}`, {
    fields: { faults: lines.length },
  });
}
