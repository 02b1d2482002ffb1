/** That a documentation which is wrong is found out. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { blocksOf } from "./page.ts";
import { runSession } from "./session.ts";

function page(...blocks: readonly (readonly [mark: string, language: string, text: string])[]) {
  const folder = mkdtempSync(join(tmpdir(), "headgate-page-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const text = blocks.map(
    ([mark, language, body]) => `${mark && `${mark}\n`}\`\`\`${language}\n${body}\n\`\`\`\n`,
  );
  writeFileSync(join(folder, "page.md"), text.join("\n"));
  return blocksOf(folder, "page.md");
}
const run = "<!-- run: s -->";
const output = "<!-- output: s -->";

describe("a page is refused", () => {
  it.each([
    ["with a command that has no mark", "", "page.md:1: a block of bash needs a mark"],
    ["with a mark that is none", "<!-- runs: s -->", 'page.md:2: the mark "runs: s" is none'],
  ])("%s", (_, mark, message) => {
    expect(() => page([mark, "bash", "true"])).toThrow(message);
  });
});

describe("a session", () => {
  it("is one shell in one folder, with files and programs in the background", async () => {
    await runSession(
      page(
        ["<!-- file: s a/b.csv -->", "csv", "id"],
        [run, "bash", "export COUNT=$(wc -l < a/b.csv); cd a"],
        ["<!-- run: s, background -->", "bash", "echo up; sleep 1000"],
        [run, "bash", 'echo "$COUNT line"; echo more; ls'],
        [output, "text", "1 l…\n…\nb.csv"],
      ),
    );
  });

  it.each([
    [
      "fails",
      [run, "bash", "echo so; false; echo not"] as const,
      "page.md:2: the block failed\nso",
    ],
    ["fails in a pipe", [run, "bash", "false | cat"] as const, "page.md:2: the block failed"],
    [
      "fails in the background",
      ["<!-- run: s, background -->", "bash", "exit 3"] as const,
      "page.md:2: the block failed",
    ],
  ])("ends at the block that %s, named by its place", async (_, block, message) => {
    await expect(runSession(page(block))).rejects.toThrow(message);
  });

  it.each(["one\ntwo", "one", "o…\nx", "One\n…"])(
    "finds that %j is not what was printed",
    async (text) => {
      const blocks = page([run, "bash", "echo one; echo three"], [output, "text", text]);
      await expect(runSession(blocks)).rejects.toThrow(/page\.md:7: documented is/);
    },
  );
});
