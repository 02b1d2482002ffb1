/**
 * `npm run layers`: fails on an import that the layers forbid, and on a source file that the check
 * did not see. The second matters because dependency-cruiser finds nothing and is content when it
 * has no compiler that can read TypeScript.
 */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkLayers, sourceRoots } from "./layers.ts";

const root = join(import.meta.dirname, "..");
const { modules, violations } = await checkLayers(root);

const listing = ["ls-files", "--cached", "--others", "--exclude-standard", "--", ...sourceRoots];
const sources = execFileSync("git", listing, { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((path) => /\.tsx?$/.test(path) && existsSync(join(root, path)));
const unseen = sources.filter((path) => !modules.has(path));

for (const violation of violations) console.error(violation);
for (const path of unseen) console.error(`not seen by the check: ${path}`);
console.error(
  `layers: ${sources.length} source files, ${violations.length} violations, ${unseen.length} unseen`,
);
if (sources.length === 0 || violations.length > 0 || unseen.length > 0) process.exitCode = 1;
