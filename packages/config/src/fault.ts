/** What is wrong with a configuration. */
import { BulkError } from "@headgate/core";
import type { SettingPath } from "./setting-tree.ts";

/** One fault of one setting. */
export interface Fault {
  readonly path: SettingPath;
  /** What is wrong with it, the value seen and those allowed; never a secret. */
  readonly message: string;
}

/** A fault as it is told to users. */
export interface ConfigFault {
  /** `file:line:column`, `file:line` of a schema file, or the environment variable. */
  readonly at: string;
  /** Path of the setting, such as `api.port`, where it is one setting's. */
  readonly setting?: string;
  readonly message: string;
}

/** Finds where a setting stands, such as `headgate.yaml:3:7`, or the variable that sets it. */
export type PlaceOf = (path: SettingPath) => string;

/** The fault with the place of its setting. */
export function placed({ path, message }: Fault, placeOf: PlaceOf): ConfigFault {
  const setting = path.length === 0 ? {} : { setting: path.join(".") };
  return { at: placeOf(path), ...setting, message };
}

/** ERR_CONFIG with a line for each fault. */
export function configError(faults: readonly ConfigFault[]): BulkError {
  const lines = faults.map(
    ({ at, setting, message }) =>
      `  ${at} ${setting === undefined ? "" : `${setting}: `}${message}`,
  );
  return new BulkError("ERR_CONFIG", `the configuration is wrong:\n${lines.join("\n")}`, {
    fields: { faults: faults.length },
  });
}
