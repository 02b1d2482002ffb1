import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HeadgateEvent, LoadFilter, Loads, LoadView } from "@headgate/orchestrator";
import { createUploadFolder } from "@headgate/part-source/uploads";
import { expect, onTestFinished, test } from "vitest";
import { startUploadSweep, sweepUploads, unfinishedSources } from "./sweep-uploads.ts";

const dayMs = 86_400_000;

async function openSweep(sources: (uri: string) => readonly LoadView["source"][]) {
  const folder = await mkdtemp(join(tmpdir(), "headgate-sweep-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const uploads = createUploadFolder({ folder, maxBytes: 100 });
  async function* body() {
    yield Buffer.from("id\n1\n");
  }
  const { uri } = await uploads.receive({ client: "erp", name: "a b.csv", body: body() });
  const events: HeadgateEvent[] = [];
  const options = {
    uploads,
    async *sourcesInUse() {
      yield* sources(uri);
    },
    keepMs: 7 * dayMs,
    emit: (event: HeadgateEvent) => void events.push(event),
  };
  return { options, events, files: () => readdir(join(folder, "erp")) };
}

test("removes a file that no load names, once its days are over, and says so", async () => {
  const { options, events, files } = await openSweep(() => [{ uri: "s3://other/a.csv" }]);
  await sweepUploads(options, Date.now() + 6 * dayMs);
  expect(await files()).toHaveLength(1);
  await sweepUploads(options, Date.now() + 8 * dayMs);
  expect(await files()).toEqual([]);
  expect(events).toEqual([{ type: "uploads.removed", files: 1 }]);
});

test.each([
  ["its URI", (uri: string) => ({ uri })],
  ["another spelling of its URI", (uri: string) => ({ uri: uri.replace("/erp/", "/%65rp/") })],
  ["its folder", (uri: string) => ({ uri: uri.slice(0, uri.lastIndexOf("/")) })],
  ["a prefix", (uri: string) => ({ prefix: uri.slice(0, -9) })],
  ["a glob", (uri: string) => ({ glob: uri.replace(/[^/]*$/, "*.csv") })],
  ["a list of keys", (uri: string) => ({ keys: ["file:///b.csv", uri] })],
  ["a manifest, perhaps", () => ({ manifest: "file:///manifests/m.json" })],
])("keeps a file that an unfinished load names by %s", async (_, source) => {
  const { options, files } = await openSweep((uri) => [source(uri)]);
  await sweepUploads(options, Date.now() + 100 * dayMs);
  expect(await files()).toHaveLength(1);
});

test("removes nothing where it is not known what loads need, and says so", async () => {
  const { options, events, files } = await openSweep(() => {
    throw new Error("Redis is away");
  });
  await sweepUploads(options, Date.now() + 100 * dayMs);
  expect(await files()).toHaveLength(1);
  expect(events).toEqual([{ type: "uploads.sweep-failed", message: "Redis is away" }]);
});

test("asks for all pages of loads that have not ended", async () => {
  const asked: LoadFilter[] = [];
  const list: Loads["list"] = async (filter) => {
    asked.push(filter);
    return filter.cursor === undefined ? { loads: [], nextCursor: "next" } : { loads: [] };
  };
  const sources = [];
  for await (const source of unfinishedSources({ list })) sources.push(source);
  expect(sources).toEqual([]);
  const states = ["accepted", "waiting", "loading"];
  expect(asked).toEqual([
    { states: expect.arrayContaining(states), limit: 100 },
    { states: expect.arrayContaining(states), limit: 100, cursor: "next" },
  ]);
  expect(asked[0]?.states).not.toContain("complete");
});

test("can be closed between two rounds", async () => {
  const { options, files } = await openSweep(() => []);
  await startUploadSweep(options).close();
  expect(await files()).toHaveLength(1);
});
