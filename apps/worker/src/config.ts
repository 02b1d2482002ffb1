/** The worker's configuration. With main.ts the only file of this app that sees the environment. */
import { type LoadedConfig, loadConfig } from "@headgate/config";

/** Reads headgate.yaml and the environment, with all files that they name. Throws ERR_CONFIG with every fault. */
export function readWorkerConfig(
  environment: Readonly<Record<string, string | undefined>>,
): LoadedConfig {
  return loadConfig({ environment });
}
