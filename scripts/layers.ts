/** Runs dependency-cruiser with the rules of .dependency-cruiser.mjs over a checkout of headgate. */

import { join } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import extractConfig from "dependency-cruiser/config-utl/extract-depcruise-config";

/** The folders and files that hold source code. */
export const sourceRoots: readonly string[] = [
  ...["packages", "apps", "test", "scripts", "vitest.config.ts"],
];

/** What the rules say about a checkout. */
export interface LayerReport {
  /** Every module seen, by its path from the checkout's root. */
  readonly modules: ReadonlySet<string>;
  /** One line a violation: rule, from, to and the rule's reason. */
  readonly violations: readonly string[];
}

/**
 * Checks the files under `roots`, paths from `folder`. The rules are those of this checkout, also
 * where `folder` is another one, so that tests can show that they fire.
 */
export async function checkLayers(
  folder: string,
  roots: readonly string[] = sourceRoots,
): Promise<LayerReport> {
  const { options, ...ruleSet } = await extractConfig(
    join(import.meta.dirname, "../.dependency-cruiser.mjs"),
  );
  const { output } = await cruise(
    [...roots],
    { ...options, ruleSet, validate: true, baseDir: folder },
    options?.enhancedResolveOptions ?? {},
  );
  if (typeof output === "string") throw new Error("dependency-cruiser gave text, not a result");
  return {
    modules: new Set(output.modules.map((module) => module.source)),
    violations: output.summary.violations.map((violation) => describe(violation, output)),
  };
}

type Violation = ICruiseResult["summary"]["violations"][number];

function describe({ rule, from, to, cycle }: Violation, result: ICruiseResult): string {
  const rules = result.summary.ruleSetUsed?.forbidden ?? [];
  const comment = rules.find(({ name }) => name === rule.name)?.comment ?? "";
  const path = cycle === undefined ? to : cycle.map(({ name }) => name).join(" -> ");
  return `${rule.name}: ${from} -> ${path}\n  ${comment}`;
}
