import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { configJsonSchema } from "./json-schema.ts";

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
}

/** Every setting by its path, `*` where it has names of its own. */
function settings(node: Node, path: readonly string[] = []): readonly (readonly [string, Node])[] {
  const below = Object.entries(node.properties ?? {}).flatMap(([key, child]) =>
    settings(child, [...path, key]),
  );
  const named =
    typeof node.additionalProperties === "object"
      ? settings(node.additionalProperties, [...path, "*"])
      : [];
  const items = node.items === undefined ? [] : settings(node.items, [...path, "[]"]);
  return [[path.join("."), node], ...below, ...named, ...items];
}

describe("docs/headgate.schema.json", () => {
  it("is what npm run config-schema makes of the code", () => {
    const published = new URL("../../../docs/headgate.schema.json", import.meta.url);
    expect(JSON.parse(readFileSync(published, "utf8"))).toEqual(configJsonSchema());
  });

  it("refuses unknown keys everywhere and describes every setting of ours", () => {
    const all = settings(configJsonSchema());
    expect(all.length).toBeGreaterThan(80);
    const open = all.filter(([, { properties, additionalProperties }]) =>
      properties === undefined ? false : additionalProperties !== false,
    );
    expect(open.map(([path]) => path)).toEqual([]);
    const silent = all.filter(
      ([path, { description }]) =>
        description === undefined && !/(^|[.])(\*|\[\])$/.test(path) && path !== "",
    );
    expect(silent.map(([path]) => path)).toEqual([]);
  });
});
