/** The documentation's blocks by session, and the tests that run them. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Block, blocksOf } from "./page.ts";

const root = join(import.meta.dirname, "../..");

/** Pages whose blocks of a session stand before those of others; the rest follow by name. */
const firstPages = [
  "README.md",
  "docs/first-load.md",
  "docs/real-tenant.md",
  "docs/nightly-batch.md",
  "docs/enqueue-from-elsewhere.md",
];

/** Every marked block of README.md and docs/, in the order in which a reader would run them. */
export function allBlocks(): readonly Block[] {
  const docs = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  const pages = [...firstPages, ...docs.map((name) => `docs/${name}`).toSorted()];
  return [...new Set(pages)].flatMap((page) => blocksOf(root, page));
}

/** Blocks by the name of their session. */
export function sessionsOf(blocks: readonly Block[]): ReadonlyMap<string, readonly Block[]> {
  return Map.groupBy(
    blocks.filter((block) => block.kind !== "not-run"),
    ({ session }) => session,
  );
}
