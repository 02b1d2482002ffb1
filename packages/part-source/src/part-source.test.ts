import { bytes, type SourceSelection } from "@headgate/core";
import { expect, test } from "vitest";
import { collect, listAll, never, rangeOf } from "./conformance/subject.ts";
import { createPartSource } from "./part-source.ts";
import type { SourceStore } from "./source-store.ts";

/** A store that only says who it is. */
const named = (name: string): SourceStore => ({
  async *list() {
    yield { uri: name, bytes: bytes(0), pin: "" };
  },
  async *read() {
    yield Buffer.from(name);
  },
});

const selections: readonly [SourceSelection, string][] = [
  [{ kind: "uri", uri: "s3://b/k" }, "s3"],
  [{ kind: "prefix", uri: "file:///p" }, "files"],
  [{ kind: "glob", uri: "s3://b/*" }, "s3"],
  [{ kind: "manifest", uri: "file:///m" }, "files"],
  [{ kind: "keys", uris: ["s3://b/k", "s3://b/l"] }, "s3"],
];

test.each(selections)("the selection %j goes to %s", async (selection, expected) => {
  const source = createPartSource({ s3: named("s3"), files: named("files") });
  expect(await listAll(source, selection)).toMatchObject([{ uri: expected }]);
});

test("reads go to the store of the object's scheme", async () => {
  const source = createPartSource({ s3: named("s3"), files: named("files") });
  for (const [uri, expected] of [
    ["s3://b/k", "s3"],
    ["file:///p", "files"],
  ] as const) {
    const object = { uri, bytes: bytes(1), pin: "" };
    const chunks = await collect(source.read(object, rangeOf(0, 1), { signal: never() }));
    expect(Buffer.concat(chunks).toString()).toBe(expected);
  }
});

test("a scheme without a store is refused, at listing and at reading", async () => {
  const source = createPartSource({ s3: named("s3") });
  const uri = "file:///etc/passwd";
  await expect(listAll(source, { kind: "uri", uri })).rejects.toMatchObject({
    code: "ERR_SOURCE_URI",
    fields: { uri },
  });
  const object = { uri, bytes: bytes(1), pin: "" };
  await expect(
    collect(source.read(object, rangeOf(0, 1), { signal: never() })),
  ).rejects.toMatchObject({
    code: "ERR_SOURCE_URI",
    fields: { uri },
  });
});

test("an empty list of keys selects nothing", async () => {
  await expect(listAll(createPartSource({}), { kind: "keys", uris: [] })).rejects.toMatchObject({
    code: "ERR_SOURCE_NONE_MATCHED",
    fields: { selection: "list of 0 keys" },
  });
});
