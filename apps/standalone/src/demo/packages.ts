/** Where installed packages are. */
import { realpathSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DemoError } from "./demo-error.ts";

/** The path of a file in a package that this app depends on. Throws DemoError where it is missing. */
export function packageFile(name: string, path: string): string {
  const packageJson = findPackageJSON(name, import.meta.url);
  if (packageJson === undefined) throw new DemoError("failed", `package ${name} is not installed`);
  // Workspaces are linked into node_modules; people know them by their own place.
  return join(dirname(realpathSync(packageJson)), path);
}

/**
 * The CLI, by its place in the repository: it depends on this app for `headgate up`, so it cannot be
 * a dependency of it.
 */
export const cliScript: string = fileURLToPath(
  new URL("../../../cli/bin/headgate.mjs", import.meta.url),
);
