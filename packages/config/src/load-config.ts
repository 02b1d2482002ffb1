/** Finds, reads and checks the configuration. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { z } from "zod";
import { clientSchema } from "./client-schema.ts";
import { type ConnectionFiles, readConnectionFiles } from "./connection-files.ts";
import { connectionFilesSchema } from "./connection-schema.ts";
import { crossFaults } from "./cross-faults.ts";
import { type ConfigFault, configError, type Fault, type PlaceOf, placed } from "./fault.ts";
import { issueFaults, issueText } from "./issue-faults.ts";
import { assemble, type LoadedConfig } from "./loaded-config.ts";
import { type Environment, type Override, readOverrides, withOverrides } from "./overrides.ts";
import { readText } from "./read-text.ts";
import { settleRedis } from "./redis-settings.ts";
import { configSchema, scheduleSettingSchema } from "./schema.ts";
import { settingAt, withAbsolutePaths } from "./setting-tree.ts";
import { readYaml, type YamlFile } from "./yaml-file.ts";

/** Where the configuration comes from. */
export interface LoadOptions {
  /**
   * Path of headgate.yaml. Default: `HEADGATE_CONFIG` of the environment, else `headgate.yaml` in the
   * working folder where there is one, else there is no file and the environment says all.
   */
  readonly path?: string | undefined;
  /** Default: empty. */
  readonly environment?: Environment;
  /**
   * Whether files that connections name (schemas, consumer keys, authorities) are read. Default true.
   * Without them `catalogues` and `logins` are empty: for the API, which needs names only and should
   * not be able to read a tenant's secrets.
   */
  readonly connectionFiles?: boolean;
}

/** What the configuration is, or all that is wrong with it, in either case with the file, if any. */
export type CheckedConfig =
  | { readonly kind: "right"; readonly path: string | undefined; readonly loaded: LoadedConfig }
  | {
      readonly kind: "wrong";
      readonly path: string | undefined;
      readonly faults: readonly ConfigFault[];
    };

/**
 * Reads the configuration. Throws ERR_CONFIG whose message lists every fault, one a line, each with
 * file, line and column or variable, setting, the value seen and those allowed; never a secret.
 */
export function loadConfig(options: LoadOptions = {}): LoadedConfig {
  const checked = checkConfig(options);
  if (checked.kind === "wrong") throw configError(checked.faults);
  return checked.loaded;
}

/** Reads the configuration and gives every fault; never a secret. */
export function checkConfig(options: LoadOptions = {}): CheckedConfig {
  const { environment = {}, connectionFiles = true } = options;
  const path = options.path ?? (environment.HEADGATE_CONFIG || defaultPath());
  const file = path === undefined ? noFile : readFile(path);
  // The rest of a file that is so broken would be guessing.
  if (file.value === undefined) return { kind: "wrong", path, faults: faultsOf(file, path) };
  const { overrides, faults: variableFaults } = readOverrides(environment, file.value);
  const value = withOverrides(
    withAbsolutePaths(file.value, (relative) => resolve(dirname(path ?? ""), relative)),
    overrides.map((override) => ({
      ...override,
      value: withAbsolutePaths(
        override.value,
        (relative) => resolve(relative),
        settingAt(override.path),
      ),
    })),
  );
  const checked = check(value, connectionFiles);
  const placeOf = placesIn({ path, file, overrides });
  const faults = [
    ...faultsOf(file, path),
    ...variableFaults.map(({ variable, message }) => ({ at: variable, message })),
    ...checked.faults.map((fault) => placed(fault, placeOf)),
    // Two connections may name one file.
    ...new Map(checked.fileFaults.map((fault) => [JSON.stringify(fault), fault])).values(),
  ];
  const { config } = checked;
  if (faults.length > 0 || config === undefined) return { kind: "wrong", path, faults };
  const loaded = assemble({ ...checked, config, path, reread: () => loadConfig(options) });
  return { kind: "right", path, loaded };
}

function defaultPath(): string | undefined {
  return existsSync("headgate.yaml") ? "headgate.yaml" : undefined;
}

const noFile: YamlFile = { value: {}, faults: [], at: () => "" };

function readFile(path: string): YamlFile {
  const read = readText(path);
  if (read.kind === "read") return readYaml(read.text);
  const fault = { at: "", message: `cannot be read (${read.code})` };
  return { value: undefined, faults: [fault], at: () => "" };
}

function faultsOf({ faults }: YamlFile, path: string | undefined): readonly ConfigFault[] {
  return faults.map(({ at, message }) => ({
    at: at === "" ? `${path}` : `${path}:${at}`,
    message,
  }));
}

/** Checks a value that may hold anything; `config` is absent where it has faults. */
function check(value: unknown, connectionFiles: boolean) {
  const parsed = configSchema.safeParse(value, { error: issueText });
  const files = connectionFiles
    ? readConnectionFiles(rightOnes(connectionFilesSchema, childrenOf(value, "connections")))
    : noConnectionFiles;
  const across = crossFaults({
    connections: Object.keys(childrenOf(value, "connections")),
    clientNames: Object.keys(childrenOf(value, "clients")),
    clients: rightOnes(clientSchema, childrenOf(value, "clients")),
    schedules: rightOnes(scheduleSettingSchema, childrenOf(value, "schedules")),
    streamClient: textOf(value, "streamClient"),
    catalogues: files.catalogues,
  });
  const redis = parsed.success ? settleRedis(parsed.data.redis) : [];
  const faults: Fault[] = [
    ...issueFaults(parsed.error?.issues ?? [], value),
    ...files.faults,
    ...across,
    ...(isFaults(redis) ? redis : []),
  ];
  const config = parsed.success && !isFaults(redis) ? { ...parsed.data, redis } : undefined;
  return { ...files, faults, config };
}

const noConnectionFiles: ConnectionFiles = {
  catalogues: new Map(),
  logins: new Map(),
  faults: [],
  fileFaults: [],
};

function isFaults(settled: ReturnType<typeof settleRedis>): settled is readonly Fault[] {
  return Array.isArray(settled);
}

function childrenOf(value: unknown, section: string): Readonly<Record<string, unknown>> {
  const root = isRecord(value) ? value : {};
  const children = root[section];
  return isRecord(children) ? children : {};
}

function textOf(value: unknown, key: string): string | undefined {
  const text = isRecord(value) ? value[key] : undefined;
  return typeof text === "string" ? text : undefined;
}

/** Those that have no fault of their own, so that faults between them are found in the same run. */
function rightOnes<Schema extends z.ZodType>(
  schema: Schema,
  all: Readonly<Record<string, unknown>>,
): Readonly<Record<string, z.output<Schema>>> {
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => {
      const parsed = schema.safeParse(value);
      return parsed.success ? [[name, parsed.data]] : [];
    }),
  );
}

function placesIn(from: {
  readonly path: string | undefined;
  readonly file: YamlFile;
  readonly overrides: readonly Override[];
}): PlaceOf {
  return (setting) => {
    const [nearest] = from.overrides
      .filter(({ path }) => path.every((key, index) => key === setting[index]))
      .toSorted((a, b) => b.path.length - a.path.length);
    if (nearest !== undefined) return nearest.variable;
    return from.path === undefined ? "environment" : `${from.path}:${from.file.at(setting)}`;
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
