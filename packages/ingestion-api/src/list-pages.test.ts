import { describe, expect, it } from "vitest";
import { maxPasses, pageOverlap, readAllPages } from "./list-pages.ts";

const limit = 20;

/** A list of these ids; `between` may change it before each further page. */
function listOf(ids: string[], between: (ids: string[], reads: number) => void = () => {}) {
  let reads = 0;
  return {
    reads: () => reads,
    readPage: async (page: { limit: number; offset: number }) => {
      if (reads > 0) between(ids, reads);
      reads += 1;
      return ids.slice(page.offset, page.offset + page.limit).map((id) => ({ id }));
    },
  };
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `id-${i}`);
}

describe("readAllPages", () => {
  it.each([0, 1, limit - 1])("reads a list of %i once", async (count) => {
    const list = listOf(names(count));
    const all = await readAllPages(limit, list.readPage);
    expect([...(all?.keys() ?? [])]).toEqual(names(count));
    expect(list.reads()).toBe(1);
  });

  it.each([limit, limit + 1, limit * 3 + 7])(
    "reads a list of %i whole and twice",
    async (count) => {
      const list = listOf(names(count));
      const all = await readAllPages(limit, list.readPage);
      expect([...(all?.keys() ?? [])].sort()).toEqual(names(count).sort());
    },
  );

  it("misses none where entries leave the front between pages", async () => {
    const list = listOf(names(50), (ids, reads) => {
      if (reads < 4) ids.splice(0, 3);
    });
    const all = await readAllPages(limit, list.readPage);
    for (const id of names(50).slice(9)) expect(all?.has(id), id).toBe(true);
  });

  it("misses none where the same entry leaves and comes back in every pass", async () => {
    const list = listOf(names(30), (ids, reads) => {
      if (reads % 2 === 1) ids.shift();
      else ids.unshift("id-0");
    });
    const all = await readAllPages(limit, list.readPage);
    expect([...(all?.keys() ?? [])].sort()).toEqual(names(30).sort());
    expect(list.reads()).toBe(4);
  });

  it("gives each once where entries move to the end between pages", async () => {
    const list = listOf(names(50), (ids, reads) => {
      if (reads < 6) ids.push(...ids.splice(0, pageOverlap));
    });
    const all = await readAllPages(limit, list.readPage);
    expect([...(all?.keys() ?? [])].sort()).toEqual(names(50).sort());
  });

  it("gives up on a list that never comes to rest", async () => {
    let next = 1000;
    const list = listOf(names(50), (ids) => {
      ids.unshift(`id-${next}`);
      next += 1;
    });
    expect(await readAllPages(limit, list.readPage)).toBeUndefined();
    expect(list.reads()).toBeGreaterThanOrEqual(maxPasses * 2);
  });
});
