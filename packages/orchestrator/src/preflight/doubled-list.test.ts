import { expect, it } from "vitest";
import { createDoubledList } from "./doubled-list.ts";

const first = { source: 0, line: 1 };

it("keeps the first thousand by place, in whatever order they come", () => {
  const places = Array.from({ length: 7000 }, (_, index) => {
    return { source: index % 3, line: ((index * 7919) % 7000) + 2, first };
  });
  const list = createDoubledList();
  for (const place of places) list.add(place);
  const expected = places.toSorted((a, b) => a.source - b.source || a.line - b.line).slice(0, 1000);
  expect(list.count).toBe(7000);
  expect(list.first()).toEqual(expected);

  const merged = createDoubledList();
  merged.add({ source: 0, line: 1, first });
  merged.merge(list);
  expect(merged.count).toBe(7001);
  expect(merged.first()).toEqual([{ source: 0, line: 1, first }, ...expected.slice(0, 999)]);
});
