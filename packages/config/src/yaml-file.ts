/** Reads YAML into plain data that knows where in the file each setting stands. */
import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type Range,
  visit,
} from "yaml";
import type { SettingPath } from "./setting-tree.ts";

/** Longest headgate.yaml: 1 MiB of characters. */
export const maxYamlLength: number = 1024 * 1024;

export interface YamlFile {
  /** `{}` where the file is empty; undefined where faults leave unclear what the file says. */
  readonly value: unknown;
  /** What is wrong with the YAML itself, each with its `line:column`. */
  readonly faults: readonly { readonly at: string; readonly message: string }[];
  /** `line:column` of the setting, or of the nearest one above it that is there. */
  at(path: SettingPath): string;
}

/** Never throws: whatever is wrong stands in `faults`. */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter();
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${line}:${col}`;
  };
  if (text.length > maxYamlLength)
    return unreadable(`is ${text.length} characters long, allowed are ${maxYamlLength}`);
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
  });
  const syntax = [...document.errors, ...document.warnings].map(({ code, pos: [offset] }) => ({
    offset,
    message: faultTexts[code] ?? `is not YAML (${code})`,
  }));
  const names = nameFaults(document);
  const faults = [
    ...new Map(
      [...syntax, ...names]
        .toSorted((a, b) => b.offset - a.offset)
        // What follows a fault on its line mostly follows from it.
        .map(({ offset, message }) => [lines.linePos(offset).line, { at: at(offset), message }]),
    ).values(),
  ].toReversed();
  if (document.errors.some(({ code }) => code !== "DUPLICATE_KEY") || names.length > 0)
    return { value: undefined, faults, at: () => "1:1" };
  try {
    return {
      value: document.toJS({ maxAliasCount: 100 }) ?? {},
      faults,
      at: (path) => at(offsetOf(document, path)),
    };
  } catch {
    // yaml's only reason left: aliases that unfold to more than is sane.
    return unreadable("repeats anchors too often");
  }
}

function unreadable(message: string): YamlFile {
  return {
    value: undefined,
    faults: [{ at: "1:1", message }],
    at: () => "1:1",
  };
}

/** The library's own texts may quote the file, and with it a secret. */
const faultTexts: Partial<Record<ErrorCode, string>> = {
  ALIAS_PROPS: "an alias (*name) takes neither anchor nor tag",
  BAD_ALIAS: "an alias (*name) is not written right; a value that begins with * must be quoted",
  BAD_DQ_ESCAPE: 'an escape (\\…) in "…" is not one of YAML',
  BAD_INDENT: "is not indented as the lines around it, or a bracket before it is not closed",
  BAD_SCALAR_START: "a value that begins with this character must be quoted",
  BLOCK_AS_IMPLICIT_KEY: 'a value that holds ": " must be quoted, a mapping begin on its own line',
  BLOCK_IN_FLOW: "a block cannot stand inside [ ] or { }",
  DUPLICATE_KEY: "this key stands twice",
  MISSING_CHAR: "a closing quote, bracket, brace or a comma is missing",
  RESOURCE_EXHAUSTION: "is nested too deep",
  MULTIPLE_DOCS: "must be one document; --- begins a second",
  MULTILINE_IMPLICIT_KEY: "a key must stand on one line",
  NON_STRING_KEY: "a key must be text",
  TAB_AS_INDENT: "is indented by a tab; only spaces may indent",
  TAG_RESOLVE_FAILED: "has a tag (!name) that is not known here",
  UNEXPECTED_TOKEN: "cannot stand here",
};

/** Aliases without an anchor or within it, and a key that JavaScript would take for something else. */
function nameFaults(document: Document.Parsed) {
  const faults: { readonly offset: number; readonly message: string }[] = [];
  visit(document, {
    Alias(_key, alias, within) {
      const meant = alias.resolve(document);
      if (meant === undefined)
        faults.push({
          offset: startOf(alias),
          message: `there is no anchor &${alias.source}; a value that begins with * must be quoted`,
        });
      else if (within.includes(meant))
        faults.push({
          offset: startOf(alias),
          message: `*${alias.source} stands within &${alias.source}, so it would never end`,
        });
    },
    Pair(_key, { key }) {
      if (isScalar(key) && key.value === "__proto__")
        faults.push({ offset: startOf(key), message: "__proto__ may not be a key" });
    },
  });
  return faults;
}

/** Where the key of a setting stands, or the item of a list; of one that is missing, what it would stand in. */
function offsetOf(document: Document.Parsed, path: SettingPath): number {
  let node: unknown = document.contents;
  let offset = startOf(document.contents);
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap<ParsedNode>(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
      if (pair === undefined) return offset;
      offset = startOf(pair.key);
      node = pair.value;
    } else if (isSeq(node) && typeof key === "number") {
      node = node.items[key];
      if (node === undefined) return offset;
      offset = startOf(node);
    } else return offset;
  }
  return offset;
}

function startOf(node: unknown): number {
  return (node as { readonly range?: Range | null } | null)?.range?.[0] ?? 0;
}
