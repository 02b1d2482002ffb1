/** What preflight looks for, out of the README of the package that does it. */
import { readFileSync } from "node:fs";

/** The part of packages/core/README.md between its heading "Preflight" and the next of that level. */
export function preflight(): string {
  const readme = readFileSync(new URL("../../packages/core/README.md", import.meta.url), "utf8");
  const [, section] = /^## Preflight\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(readme) ?? [];
  if (section === undefined) throw new Error("packages/core/README.md has no section Preflight");
  return section.trim().replaceAll(/^### /gm, "## ");
}
