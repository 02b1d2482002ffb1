/** What each kind of selection must find, and refuse. */
import { describe, expect, test } from "vitest";
import {
  collect,
  listAll,
  type OpenSubject,
  openFor,
  pinOne,
  readAll,
  type StoreSubject,
} from "./subject.ts";

const text = (content: string): Uint8Array => Buffer.from(content);

async function putAll(open: OpenSubject, keys: readonly string[]): Promise<void> {
  for (const key of keys) await open.put(key, text(`content of ${key}`));
}

/** Keys that a careless URI, path or XML handling would spoil. */
const oddKeys = [
  "with blank.csv",
  "a+b.csv",
  "100%.csv",
  "%41.csv",
  "quote\"and'.csv",
  "hash#question?.csv",
  "amp&lt;<tag>.csv",
  "star*[x]{a,b}(c)!@$^|~`.csv",
  "back\\slash.csv",
  "ünïcödé-日本-😀.csv",
  "e\u0301-decomposed.csv",
  "new\nline.csv",
  "semi;colon=equals:,.csv",
];

export function describeSelecting(subject: StoreSubject): void {
  describe("selecting by uri", () => {
    test("finds the object of this key and pins its length", async () => {
      const open = await openFor(subject);
      await putAll(open, ["day/a.csv", "day/a.csv.old"]);
      const objects = await listAll(open.store, { kind: "uri", uri: open.uriOf("day/a.csv") });
      expect(objects).toEqual([
        { uri: open.uriOf("day/a.csv"), bytes: 20, pin: expect.stringMatching(/./) },
      ]);
    });

    test("finds all below a folder, and none of its sisters", async () => {
      const open = await openFor(subject);
      await putAll(open, ["day/a.csv", "day/deep/b.csv", "day-2/c.csv", "day.csv"]);
      const expected = [open.uriOf("day/a.csv"), open.uriOf("day/deep/b.csv")];
      for (const uri of [open.uriOf("day"), open.uriOf("day/")]) {
        const objects = await listAll(open.store, { kind: "uri", uri });
        expect(objects.map((object) => object.uri)).toEqual(expected);
      }
    });

    test.each(oddKeys)("carries the key %j from listing to reading", async (key) => {
      const open = await openFor(subject);
      await open.put(`odd/${key}`, text(key));
      const [object] = await listAll(open.store, { kind: "prefix", uri: open.uriOf("odd/") });
      expect(object?.uri).toBe(open.uriOf(`odd/${key}`));
      const found = await pinOne(open, `odd/${key}`);
      expect(found).toEqual(object);
      expect((await readAll(open.store, found)).toString()).toBe(key);
      const globbed = await listAll(open.store, { kind: "glob", uri: open.uriOf(`odd/${key}`) });
      expect(globbed).toEqual([object]);
    });
  });

  describe("selecting by prefix", () => {
    test("lists page after page in the order of UTF-8 bytes", async () => {
      const open = await openFor(subject);
      // JavaScript's own order puts the emoji before U+FFF0 and so differs from that of the bytes.
      const ordered = ["B", "a-b", "a.csv", "a/x", "a0", "z", "é", "\uFFF0", "😀"].map(
        (name) => `p/${name}`,
      );
      await putAll(open, ["q", ...ordered.toReversed(), "o"]);
      const objects = await listAll(open.store, { kind: "prefix", uri: open.uriOf("p/") });
      expect(objects.map((object) => object.uri)).toEqual(ordered.map((key) => open.uriOf(key)));
    });

    test("takes a prefix that ends within a name, and a suffix", async () => {
      const open = await openFor(subject);
      await putAll(open, [
        "d/2026-01.csv",
        "d/2026-02.csv",
        "d/2026-02.txt",
        "d/2026/x.csv",
        "d/2027.csv",
      ]);
      const objects = await listAll(open.store, {
        kind: "prefix",
        uri: open.uriOf("d/2026"),
        suffix: ".csv",
      });
      expect(objects.map((object) => object.uri)).toEqual(
        ["d/2026-01.csv", "d/2026-02.csv", "d/2026/x.csv"].map((key) => open.uriOf(key)),
      );
    });

    test("leaves out folder markers but not empty objects", async () => {
      const open = await openFor(subject);
      await open.put("f/", text(""));
      await open.put("f/inner/", text(""));
      await open.put("f/empty.csv", text(""));
      const objects = await listAll(open.store, { kind: "prefix", uri: open.uriOf("f/") });
      expect(objects.map(({ uri, bytes }) => ({ uri, bytes }))).toEqual([
        { uri: open.uriOf("f/empty.csv"), bytes: 0 },
      ]);
    });
  });

  test.each([
    ["g/*.csv", ["g/a.csv", "g/b.csv"]],
    ["g/**/*.csv", ["g/a.csv", "g/b.csv", "g/in/c.csv", "g/in/deep/d.csv"]],
    ["g/**", ["g/.hidden", "g/a.csv", "g/b.csv", "g/in/c.csv", "g/in/deep/d.csv", "g/x.txt"]],
    ["g/?.csv", ["g/a.csv", "g/b.csv"]],
    ["g/[b-z].*", ["g/b.csv", "g/x.txt"]],
    ["g/[!a].csv", ["g/b.csv"]],
    ["g/{a,x}.{csv,txt}", ["g/a.csv", "g/x.txt"]],
    ["g/i*/c.csv", ["g/in/c.csv"]],
    ["g/%61.csv", ["g/a.csv"]],
  ])("the glob %s matches what it says", async (pattern, expected) => {
    const open = await openFor(subject);
    await putAll(open, [
      "g/a.csv",
      "g/b.csv",
      "g/x.txt",
      "g/.hidden",
      "g/in/c.csv",
      "g/in/deep/d.csv",
      "h",
    ]);
    const objects = await listAll(open.store, { kind: "glob", uri: open.uriOf("") + pattern });
    expect(objects.map((object) => object.uri)).toEqual(expected.map((key) => open.uriOf(key)));
  });

  describe("selecting by keys", () => {
    test("keeps the order given", async () => {
      const open = await openFor(subject);
      await putAll(open, ["k/1", "k/2", "k/3"]);
      const uris = ["k/3", "k/1", "k/2"].map((key) => open.uriOf(key));
      const objects = await listAll(open.store, { kind: "keys", uris });
      expect(objects.map((object) => object.uri)).toEqual(uris);
    });

    test("refuses an object named twice, however it is spelled", async () => {
      const open = await openFor(subject);
      await putAll(open, ["k/a b"]);
      const uris = [open.uriOf("k/a b"), open.uriOf("k/").concat("a b")];
      await expect(listAll(open.store, { kind: "keys", uris })).rejects.toMatchObject({
        code: "ERR_REQUEST_INVALID",
        fields: { uri: open.uriOf("k/a b") },
      });
    });

    test("names the object that does not exist", async () => {
      const open = await openFor(subject);
      await putAll(open, ["k/1"]);
      const uris = [open.uriOf("k/1"), open.uriOf("k/2")];
      await expect(listAll(open.store, { kind: "keys", uris })).rejects.toMatchObject({
        code: "ERR_SOURCE_NOT_FOUND",
        fields: { uri: open.uriOf("k/2") },
      });
    });
  });

  describe("selecting by manifest", () => {
    async function putManifest(open: OpenSubject, content: unknown): Promise<string> {
      const json = typeof content === "string" ? content : JSON.stringify(content);
      await open.put("m/manifest.json", text(json));
      return open.uriOf("m/manifest.json");
    }

    test("takes the entries in order and skips missing ones that are not mandatory", async () => {
      const open = await openFor(subject);
      await putAll(open, ["m/1.csv", "m/2.csv"]);
      const uri = await putManifest(open, {
        entries: [
          { url: open.uriOf("m/2.csv"), mandatory: true, meta: { content_length: 18 } },
          { url: open.uriOf("m/gone.csv"), mandatory: false },
          { url: open.uriOf("m/gone-too.csv") },
          { url: open.uriOf("m/1.csv") },
        ],
      });
      const objects = await listAll(open.store, { kind: "manifest", uri });
      expect(objects.map((object) => object.uri)).toEqual([
        open.uriOf("m/2.csv"),
        open.uriOf("m/1.csv"),
      ]);
    });

    test("fails for a missing mandatory entry", async () => {
      const open = await openFor(subject);
      const missing = open.uriOf("m/gone.csv");
      const uri = await putManifest(open, { entries: [{ url: missing, mandatory: true }] });
      await expect(listAll(open.store, { kind: "manifest", uri })).rejects.toMatchObject({
        code: "ERR_SOURCE_NOT_FOUND",
        fields: { uri: missing },
      });
    });

    test.each([
      ["no JSON", "{entries", undefined],
      ["no entries", { files: [] }, undefined],
      ["an entry that is no object", { entries: ["s3://bucket/key"] }, 0],
      ["an entry without url", { entries: [{ url: "file:///a" }, { mandatory: true }] }, 1],
      ["a mandatory that is text", { entries: [{ url: "file:///a", mandatory: "yes" }] }, 0],
    ])("refuses a manifest with %s", async (_, content, entry) => {
      const open = await openFor(subject);
      const uri = await putManifest(open, content);
      const fields = entry === undefined ? { uri } : { uri, entry };
      await expect(listAll(open.store, { kind: "manifest", uri })).rejects.toMatchObject({
        code: "ERR_SOURCE_MANIFEST",
        fields,
      });
    });

    test("refuses a manifest of more than 10 MiB without reading it", async () => {
      const open = await openFor(subject);
      await open.put("m/manifest.json", Buffer.alloc(10 * 1024 * 1024 + 1, "["));
      const uri = open.uriOf("m/manifest.json");
      await expect(listAll(open.store, { kind: "manifest", uri })).rejects.toMatchObject({
        code: "ERR_SOURCE_MANIFEST",
        fields: { uri },
      });
    });
  });

  describe("refusing", () => {
    test.each(["uri", "prefix", "glob"] as const)(
      "names the %s that selects nothing",
      async (kind) => {
        const open = await openFor(subject);
        await putAll(open, ["here.csv"]);
        const uri = open.uriOf("nowhere");
        await expect(listAll(open.store, { kind, uri })).rejects.toMatchObject({
          code: "ERR_SOURCE_NONE_MATCHED",
          fields: { selection: `${kind} ${uri}` },
        });
      },
    );

    test.each(["prefix", "uri"] as const)(
      "tells by %s a missing place from an empty one",
      async (kind) => {
        const open = await openFor(subject);
        const listing = listAll(open.strayStore, { kind, uri: open.strayUri });
        await expect(listing).rejects.toMatchObject({
          code: "ERR_SOURCE_NOT_FOUND",
          fields: { uri: expect.stringContaining(open.strayUri) },
        });
      },
    );

    test.each([
      ["an unknown scheme", "ftp://host/key"],
      ["no scheme", "/some/path"],
    ])("refuses %s", async (_, uri) => {
      const open = await openFor(subject);
      await expect(listAll(open.store, { kind: "uri", uri })).rejects.toMatchObject({
        code: "ERR_SOURCE_URI",
        fields: { uri },
      });
    });

    test("refuses a percent sign that encodes nothing", async () => {
      const open = await openFor(subject);
      const uri = `${open.uriOf("a")}%`;
      await expect(listAll(open.store, { kind: "uri", uri })).rejects.toMatchObject({
        code: "ERR_SOURCE_URI",
        fields: { uri },
      });
    });

    test("does not start for a signal that has fired", async () => {
      const open = await openFor(subject);
      await putAll(open, ["a"]);
      const reason = new Error("stopped");
      const listing = open.store.list(
        { kind: "uri", uri: open.uriOf("a") },
        { signal: AbortSignal.abort(reason) },
      );
      await expect(collect(listing)).rejects.toBe(reason);
    });
  });
}
