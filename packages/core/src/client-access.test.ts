import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ClientAccess,
  checkConnection,
  checkObject,
  checkSelection,
  checkSource,
  withPlace,
} from "./client-access.ts";
import type { SourceSelection } from "./source-selection.ts";

const acme: ClientAccess = {
  name: "acme",
  scopes: ["enqueue"],
  connections: ["default"],
  sources: ["s3://lake/acme/", "s3://lake/day=1/", "file:///data/acme/"],
  limits: { requestsPerMinute: 1, pendingLoads: 1 },
};
const anyone: ClientAccess = { ...acme, connections: undefined, sources: undefined };
const nobody: ClientAccess = { ...acme, connections: [], sources: [] };

const code = "ERR_SOURCE_NOT_ALLOWED";
/** Where the files that acme sends lie. */
const place = "file:///uploads/acme/";

describe("a client's connections", () => {
  it("are the ones it is given, or all where none are named", () => {
    expect(() => checkConnection(acme, "default")).not.toThrow();
    expect(() => checkConnection(anyone, "emea")).not.toThrow();
  });

  it.each([acme, nobody])("name client and connection where they are left", (client) => {
    expect(() => checkConnection(client, "emea")).toThrow(
      expect.objectContaining({
        code: "ERR_CLIENT_FORBIDDEN",
        fields: { client: "acme", connection: "emea" },
      }),
    );
  });
});

describe("what a client is told", () => {
  it.each([
    [acme, "default"],
    [{ ...acme, connections: ["a", "b"] }, "a, b"],
    [nobody, "none"],
  ])("names the connections that it may use", (client, named) => {
    expect(() => checkConnection(client, "emea")).toThrow(
      `client "acme" may not use connection "emea"; it may use: ${named}`,
    );
  });

  it.each([
    [{ ...acme, sources: ["s3://a/", "s3://b/"] }, "s3://a/, s3://b/"],
    [nobody, "nowhere"],
    [withPlace(anyone, place), "anywhere but where other clients' files lie"],
  ])("names the places that it may load from", (client, named) => {
    const uri = "file:///uploads/other/a.csv";
    expect(() => checkSource(client, uri)).toThrow(
      `client "acme" may not load ${uri}; it may load from: ${named}`,
    );
  });
});

describe("a client's places", () => {
  it("may be one more, where the files that it sends lie", () => {
    const more = withPlace(acme, place);
    for (const uri of ["s3://lake/acme/a.csv", `${place}a.csv`])
      expect(() => checkSource(more, uri)).not.toThrow();
    expect(() => checkSource(more, "file:///uploads/other/a.csv")).toThrow(
      expect.objectContaining({ code }),
    );
    expect(() => checkSource(withPlace(nobody, place), `${place}a.csv`)).not.toThrow();
    expect(() => checkSource(withPlace(anyone, place), `${place}a.csv`)).not.toThrow();
  });

  it.each([
    "file:///uploads/other/a.csv",
    "file:///uploads/%6fther/a.csv",
    "file:///uploads//other/a.csv",
    "file:////uploads/other/a.csv",
    "file:///uploads/",
    "file:///uploads/acme2/a.csv",
  ])("are never where other clients' files lie, such as %s", (uri) => {
    const everywhere = { ...acme, sources: ["file:///"] };
    for (const client of [anyone, everywhere]) {
      expect(() => checkSource(client, uri)).not.toThrow();
      expect(() => checkSource(withPlace(client, place), uri)).toThrow(
        expect.objectContaining({ code, fields: { client: "acme", uri } }),
      );
    }
    const glob = { kind: "glob", uri: `${uri}*` } as const;
    expect(() => checkSelection(withPlace(anyone, place), glob)).toThrow(
      expect.objectContaining({ code }),
    );
  });

  it("are never where a path lies that cannot be decoded", () => {
    const uri = "file:///uploads/other/100%.csv";
    expect(() => checkSource(withPlace(anyone, place), uri)).toThrow(
      expect.objectContaining({ code, fields: { client: "acme", uri } }),
    );
  });

  it.each(["s3://uploads/other/a.csv", "file:///upload/other/a.csv", "file:///uploads2/a.csv"])(
    "hold %s where all but those files is open",
    (uri) => {
      expect(() => checkSource(withPlace(anyone, place), uri)).not.toThrow();
    },
  );

  it.each([
    "s3://lake/acme/a.csv",
    "s3://lake/acme/",
    "s3://lake/acme/deep/er/",
    "s3://lake/acme/a..b/c...d",
    "s3://lake/acme/a%20b%252e.csv",
    "s3://lake/%61cme/a.csv",
    "s3://lake/day=1/a.csv",
    "s3://lake/day%3D1/a.csv",
    "file:///data/acme/a.csv",
  ])("hold %s", (uri) => {
    expect(() => checkSource(acme, uri)).not.toThrow();
    expect(() => checkSource(anyone, uri)).not.toThrow();
    expect(() => checkSource(nobody, uri)).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    "",
    "s3://lake/acme",
    "s3://lake/acme2/a.csv",
    "s3://lake/other/a.csv",
    "s3://lake2/acme/a.csv",
    "S3://lake/acme/a.csv",
    "s3://lake/acme/../other/a.csv",
    "s3://lake/acme/..",
    "s3://lake/acme/./a.csv",
    "s3://lake/acme/%2e%2E/other/a.csv",
    "s3://lake/acme/..%2fother/a.csv",
    "s3://lake/acme%2f..%2fother/a.csv",
    "s3://lake/acme/%zz",
    "file:///data/acme/../../etc/passwd",
    "file:///etc/passwd",
    " s3://lake/acme/a.csv",
  ])("do not hold %j", (uri) => {
    expect(() => checkSource(acme, uri)).toThrow(
      expect.objectContaining({ code, fields: { client: "acme", uri } }),
    );
  });

  it("hold a link only where it leads to one of them too", () => {
    const uri = "file:///data/acme/link.csv";
    const other = { uri, realUri: "file:///data/other/a.csv" };
    expect(() => checkObject(acme, { uri })).not.toThrow();
    expect(() => checkObject(acme, { uri, realUri: "file:///data/acme/a.csv" })).not.toThrow();
    expect(() => checkObject(anyone, other)).not.toThrow();
    expect(() => checkObject(acme, other)).toThrow(
      expect.objectContaining({ code, fields: { client: "acme", uri } }),
    );
    expect(() => checkObject(acme, { uri: other.realUri, realUri: uri })).toThrow();
  });

  it("hold every key that is written below them, however it is encoded", () => {
    const segment = fc.string({ minLength: 1 }).filter((text) => !/^\.\.?$|\//.test(text));
    const someWords = fc.array(segment, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(someWords, (words) => {
        const key = words.map(encodeURIComponent).join("/");
        expect(() => checkSource(acme, `s3://lake/acme/${key}`)).not.toThrow();
        expect(() => checkSource(acme, `s3://lake/acme/../${key}`)).toThrow();
      }),
    );
  });
});

describe("a selection", () => {
  const allowed: readonly SourceSelection[] = [
    { kind: "uri", uri: "s3://lake/acme/a.csv" },
    { kind: "prefix", uri: "s3://lake/acme/2026-", suffix: ".csv" },
    { kind: "glob", uri: "s3://lake/acme/**/[!a]?{b,c}.csv" },
    { kind: "keys", uris: ["s3://lake/acme/a.csv", "file:///data/acme/b.csv"] },
    { kind: "manifest", uri: "s3://lake/acme/manifest.json" },
  ];
  it.each(allowed)("of kind $kind within the places is taken", (selection) => {
    expect(() => checkSelection(acme, selection)).not.toThrow();
  });

  it("of kind glob may not reach out of a place whose name has a wildcard", () => {
    const starred = { ...acme, sources: ["s3://lake/a*b/"] };
    const glob = { kind: "glob", uri: "s3://lake/a*b/x.csv" } as const;
    expect(() => checkSelection(starred, glob)).toThrow(expect.objectContaining({ code }));
    expect(() => checkSource(starred, glob.uri)).not.toThrow();
  });

  const refused: readonly SourceSelection[] = [
    { kind: "uri", uri: "s3://lake/other/a.csv" },
    { kind: "prefix", uri: "s3://lake/acme" },
    { kind: "glob", uri: "s3://lake/acm?/a.csv" },
    { kind: "glob", uri: "s3://lake/{acme,other}/a.csv" },
    { kind: "glob", uri: "s3://lake/*/a.csv" },
    { kind: "glob", uri: "s3://lake/acme/../other/*.csv" },
    { kind: "keys", uris: ["s3://lake/acme/a.csv", "s3://lake/other/a.csv"] },
    { kind: "manifest", uri: "s3://lake/other/manifest.json" },
  ];
  it.each(refused)(
    "of kind $kind that leaves the places names the URI as it was sent",
    (selection) => {
      const uri = selection.kind === "keys" ? "s3://lake/other/a.csv" : selection.uri;
      expect(() => checkSelection(acme, selection)).toThrow(
        expect.objectContaining({ code, fields: { client: "acme", uri } }),
      );
    },
  );
});
