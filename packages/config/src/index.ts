export type { ConfigChanges, ReloadableSection } from "./changed-settings.ts";
export type { Client } from "./clients.ts";
export type { LoginFiles } from "./connection-files.ts";
export { type ConfigFault, configError } from "./fault.ts";
export {
  guardLog,
  type LogGuard,
  type LogStream,
  logDestination,
  maxLogBacklogBytes,
} from "./guard-log.ts";
export { configJsonSchema } from "./json-schema.ts";
export { type CheckedConfig, checkConfig, type LoadOptions, loadConfig } from "./load-config.ts";
export { type LoadedConfig, type SettledConfig, signingKeysOf } from "./loaded-config.ts";
export { type NewApiKey, newApiKey } from "./new-api-key.ts";
export type { Environment } from "./overrides.ts";
export * from "./schema.ts";
export { type ConfigWatch, type WatchOptions, watchConfig } from "./watch-config.ts";
