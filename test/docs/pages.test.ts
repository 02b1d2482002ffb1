/** The documentation says what is: its generated parts are current, and its commands work. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { currentPages } from "../../scripts/generate-docs.ts";
import { runSession } from "./session.ts";
import { allBlocks, sessionsOf } from "./sessions.ts";

const docs = join(import.meta.dirname, "../../docs");
const blocks = allBlocks();
const sessions = sessionsOf(blocks);
/** Sessions that need programs beside Node and Redis; test/clients runs them. */
const elsewhere = ["elsewhere", "processes", "tenant"];

describe.concurrent("commands in the documentation", () => {
  for (const [name, steps] of sessions)
    if (!elsewhere.includes(name))
      it(`of the session "${name}" work`, async () => {
        await runSession(steps);
      }, 120_000);

  it("that are not run say why", ({ expect }) => {
    const reasons = blocks.flatMap((block) =>
      block.kind === "not-run" ? [`${block.page}: ${block.reason}`] : [],
    );
    expect(reasons).toEqual([
      "README.md: .ci/run runs both on a clean checkout",
      "docs/first-load.md: installs into this very checkout, which every test has done before",
      "docs/real-tenant.md: needs a tenant; test/doctor tries each of its checks",
      "docs/real-tenant.md: needs a tenant",
    ]);
  });
});

it("the generated parts of docs/ are current (npm run docs writes them)", async () => {
  for (const [name, text] of await currentPages())
    expect(readFileSync(join(docs, name), "utf8"), name).toBe(text);
});

it("links lead to files and headings that exist", async () => {
  const pages = ["../README.md", ...(await currentPages()).keys()];
  const broken = pages.flatMap((page) => {
    const path = join(docs, page);
    const links = readFileSync(path, "utf8").matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g);
    return [...links]
      .map(([, target = ""]) => target)
      .filter((target) => !existsSync(join(dirname(path), target)))
      .map((target) => `${page}: ${target}`);
  });
  expect(broken).toEqual([]);
});
