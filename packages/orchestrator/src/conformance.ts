/**
 * What steps rely on in their ports, as a vitest suite: the real client with the real sources passes
 * it, and so must anything that stands in for them in tests.
 */
import {
  BulkError,
  bytes,
  type Operation,
  type SourceObject,
  unfinishedRemoteStates,
} from "@headgate/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IngestionPort, RewindableBody, SourcePort } from "./ports.ts";

export * from "./queue/conformance.ts";

/** Ports under test, with two objects `orders` and `customers` of connector `crm` (fields `id`, `note`). */
export interface OpenPorts {
  readonly ingestion: IngestionPort;
  readonly source: SourcePort;
  /** Makes or replaces a source object; answers its URI. */
  put(name: string, content: string): Promise<string>;
  close(): Promise<void>;
}

export interface PortsSubject {
  readonly name: string;
  open(): Promise<OpenPorts>;
}

const { signal } = new AbortController();
const unknownId = "00000000-0000-4000-8000-000000000000";

export function describePorts(subject: PortsSubject): void {
  describe(`ports of steps: ${subject.name}`, () => {
    let ports: OpenPorts;
    beforeAll(async () => {
      ports = await subject.open();
    });
    afterAll(async () => {
      await ports.close();
    });
    describeIngestion(() => ports.ingestion);
    describeSource(() => ports);
  });
}

function describeIngestion(ingestion: () => IngestionPort): void {
  const create = (object = "orders", operation: Operation = "upsert") =>
    ingestion().createBulkJob({ sourceName: "crm", object, operation }, { signal });

  it("makes an Open bulk job that the list then has", async () => {
    const made = await create();
    expect(made).toMatchObject({ sourceName: "crm", object: "orders", state: "Open" });
    expect(await listed(ingestion())).toContain(made.id);
    await ingestion().abort(made.id, { signal });
    expect(await listed(ingestion())).not.toContain(made.id);
  });

  it("refuses a second unfinished bulk job of an object, and takes one of another", async () => {
    const made = await create();
    await expect(create("orders", "delete")).rejects.toMatchObject({ code: "ERR_API_CONFLICT" });
    const other = await create("customers");
    for (const { id } of [made, other]) await ingestion().abort(id, { signal });
  });

  it("takes files while a bulk job is Open, and applies it once it is closed", async () => {
    const { id } = await create();
    await ingestion().upload(id, bodyOf("id,note\n1,a\n"), { signal });
    const closed = await ingestion().close(id, { signal });
    expect(["UploadComplete", "InProgress", "JobComplete"]).toContain(closed.state);
    const late = ingestion().upload(id, bodyOf("id,note\n2,b\n"), { signal });
    await expect(late).rejects.toMatchObject({ code: "ERR_API_CONFLICT" });
    expect((await ingestion().info(id, { signal })).state).toBe("JobComplete");
    expect(await listed(ingestion())).not.toContain(id);
    await ingestion().abort((await create()).id, { signal });
  });

  it("neither closes nor aborts what has ended", async () => {
    const { id } = await create();
    expect((await ingestion().abort(id, { signal })).state).toBe("Aborted");
    for (const call of [ingestion().close, ingestion().abort])
      await expect(call(id, { signal })).rejects.toMatchObject({ code: "ERR_API_CONFLICT" });
  });

  it("lets errors of a body through, and takes no file then", async () => {
    const { id } = await create();
    const changed = new BulkError("ERR_SOURCE_CHANGED", "changed");
    const broken: RewindableBody = {
      bytes: bytes(20),
      async *open() {
        yield Buffer.from("id,note\n");
        throw changed;
      },
    };
    await expect(ingestion().upload(id, broken, { signal })).rejects.toBe(changed);
    expect((await ingestion().info(id, { signal })).state).toBe("Open");
    await ingestion().abort(id, { signal });
  });

  it("answers for an unknown bulk job with not found", async () => {
    const notFound = { code: "ERR_API_NOT_FOUND" };
    for (const call of [ingestion().info, ingestion().close, ingestion().abort])
      await expect(call(unknownId, { signal })).rejects.toMatchObject(notFound);
    const upload = ingestion().upload(unknownId, bodyOf("id,note\n1,a\n"), { signal });
    await expect(upload).rejects.toMatchObject(notFound);
  });

  it("throws an aborted signal's reason", async () => {
    const reason = new Error("stop");
    const stopped = { signal: AbortSignal.abort(reason) };
    await expect(ingestion().info(unknownId, stopped)).rejects.toBe(reason);
    await expect(ingestion().authenticate(stopped)).rejects.toBe(reason);
  });
}

function describeSource(ports: () => OpenPorts): void {
  async function pinned(name: string, content: string): Promise<SourceObject> {
    const uri = await ports().put(name, content);
    const [object] = await all(ports().source.list({ kind: "uri", uri }, { signal }));
    if (object === undefined) throw new Error(`${uri} is not listed`);
    return object;
  }

  it("pins an object with its length", async () => {
    expect(await pinned("pinned.csv", "id,note\n1,ä\n")).toMatchObject({ bytes: 13 });
  });

  it("says that nothing is where a URI points", async () => {
    const uri = (await ports().put("here.csv", "id\n")).replace("here.csv", "missing.csv");
    const list = all(ports().source.list({ kind: "uri", uri }, { signal }));
    await expect(list).rejects.toMatchObject({ code: "ERR_SOURCE_NONE_MATCHED" });
  });

  it("lists what starts with a prefix, in the order of its URIs, and names a missing key", async () => {
    const uris: string[] = [];
    for (const name of ["day-b.csv", "day-a.csv", "night.csv"])
      uris.push(await ports().put(name, "id\n"));
    const [b = "", a = ""] = uris;
    const start = a.replace("day-a.csv", "day-");
    const found = await all(ports().source.list({ kind: "prefix", uri: start }, { signal }));
    expect(found.map(({ uri }) => uri)).toEqual([a, b]);
    const chosen = await all(ports().source.list({ kind: "keys", uris: [b, a] }, { signal }));
    expect(chosen).toEqual(found.toReversed());
    const missing = all(ports().source.list({ kind: "keys", uris: [a, `${a}x`] }, { signal }));
    await expect(missing).rejects.toMatchObject({
      code: "ERR_SOURCE_NOT_FOUND",
      fields: { uri: `${a}x` },
    });
  });

  it("lists what a manifest names, and says what of it is missing", async () => {
    const uri = await ports().put("listed.csv", "id\n");
    const entry = (url: string) => ({ url, mandatory: true });
    const good = await ports().put("good.json", JSON.stringify({ entries: [entry(uri)] }));
    const found = await all(ports().source.list({ kind: "manifest", uri: good }, { signal }));
    expect(found.map((object) => object.uri)).toEqual([uri]);
    const bad = await ports().put("bad.json", JSON.stringify({ entries: [entry(`${uri}x`)] }));
    const missing = all(ports().source.list({ kind: "manifest", uri: bad }, { signal }));
    await expect(missing).rejects.toMatchObject({
      code: "ERR_SOURCE_NOT_FOUND",
      fields: { uri: `${uri}x` },
    });
  });

  it("reads a whole object, and one that is empty", async () => {
    for (const content of ["id,note\n1,ä\n", ""]) {
      const object = await pinned("whole.csv", content);
      expect(await textOf(ports().source.readWhole(object, { signal }))).toBe(content);
    }
  });

  it("reads exactly a range", async () => {
    const object = await pinned("range.csv", "0123456789");
    const range = { from: bytes(2), to: bytes(5) };
    expect(await textOf(ports().source.read(object, range, { signal }))).toBe("234");
  });

  it("refuses to read what has changed since it was pinned", async () => {
    const object = await pinned("changed.csv", "before");
    await ports().put("changed.csv", "after!");
    const range = { from: bytes(0), to: object.bytes };
    for (const read of [
      ports().source.read(object, range, { signal }),
      ports().source.readWhole(object, { signal }),
    ])
      await expect(textOf(read)).rejects.toMatchObject({ code: "ERR_SOURCE_CHANGED" });
  });

  it("opens pieces as one body of known length, again and again", async () => {
    const object = await pinned("pieces.csv", "id,note\n1,a\n2,b");
    const body = ports().source.open([
      { kind: "literal", text: "id,note\n" },
      { kind: "range", object, range: { from: bytes(12), to: bytes(15) } },
      { kind: "literal", text: "\n" },
    ]);
    expect(body.bytes).toBe(12);
    for (let i = 0; i < 2; i++) expect(await textOf(body.open(signal))).toBe("id,note\n2,b\n");
  });
}

async function listed(ingestion: IngestionPort): Promise<readonly string[]> {
  const jobs = await all(ingestion.listAll(unfinishedRemoteStates, { signal }));
  return jobs.map((job) => job.id);
}

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await all(chunks)).toString();
}

function bodyOf(text: string): RewindableBody {
  return {
    bytes: bytes(Buffer.byteLength(text)),
    async *open() {
      yield Buffer.from(text);
    },
  };
}
