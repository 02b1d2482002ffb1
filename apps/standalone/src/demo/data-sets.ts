/**
 * What the demo loads: 13 real files of the package vega-datasets, one of them as ten loads and one
 * as a folder of files, a delete, and the generated file. Besides each object's loads stands its
 * truth: the original files, from which the demo counts what must have arrived.
 */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import type { Operation } from "@headgate/core";
import { generatedColumns, generatedCsv } from "./generated-file.ts";
import { packageFile } from "./packages.ts";
import { splitByKeyStart, withRecords } from "./split-file.ts";

/** By which of headgate's doors a load comes in. */
export type WayIn = "http" | "cli" | "stream";

/** Objects in S3 by key in the demo's bucket, or all under a prefix that end in `.csv`. */
export type LoadSource = { readonly key: string } | { readonly prefix: string };

export interface DemoLoad {
  readonly wayIn: WayIn;
  readonly operation: Operation;
  readonly source: LoadSource;
}

/** One CSV with a header that an object's loads bring, whole. */
export interface OriginalFile {
  readonly operation: Operation;
  /** The same bytes each time. */
  readonly open: () => Readable;
}

export interface DemoObject {
  readonly sourceName: string;
  readonly object: string;
  readonly columns: readonly string[];
  readonly key: string;
  /** In the order in which they are brought. */
  readonly loads: readonly DemoLoad[];
  /** In the order in which they must take effect. */
  readonly originals: readonly OriginalFile[];
}

export interface StoredFile {
  readonly key: string;
  readonly open: () => Readable;
}

export interface DataSets {
  /** In the order in which they are brought. */
  readonly objects: readonly DemoObject[];
  readonly files: readonly StoredFile[];
}

interface RealFile {
  readonly name: string;
  readonly key: string;
  readonly wayIn: WayIn;
  /** Cuts the file by the first characters of its key: into a load each, or into files of one load. */
  readonly split?: { readonly into: "loads" | "files"; readonly characters: number };
}

const realFiles: readonly RealFile[] = [
  { name: "airports", key: "iata", wayIn: "http" },
  { name: "seattle-weather", key: "date", wayIn: "http" },
  { name: "us-employment", key: "month", wayIn: "http" },
  { name: "population_engineers_hurricanes", key: "id", wayIn: "http" },
  {
    name: "sp500-2000",
    key: "date",
    wayIn: "cli",
    split: { into: "files", characters: "2000".length },
  },
  { name: "sp500", key: "date", wayIn: "cli" },
  { name: "gapminder-health-income", key: "country", wayIn: "cli" },
  { name: "lookup_people", key: "name", wayIn: "cli" },
  { name: "seattle-weather-hourly-normals", key: "date", wayIn: "stream" },
  { name: "github", key: "time", wayIn: "stream" },
  { name: "global-temp", key: "year", wayIn: "stream" },
  { name: "lookup_groups", key: "person", wayIn: "stream" },
  { name: "zipcodes", key: "zip_code", wayIn: "stream", split: { into: "loads", characters: 1 } },
];

/** Connector of the real files, and of the generated one. */
const realSource = "vega";
const generatedSource = "web";

/** Lays out objects, files and loads, with a generated file of `generatedBytes`. */
export async function layOutDataSets(generatedBytes: number): Promise<DataSets> {
  const real = await Promise.all(realFiles.map(layOut));
  const airports = real.find(({ object }) => object.object === "airports");
  if (airports === undefined) throw new TypeError("there is no object airports");
  const all = [generated(generatedBytes), ...real, await closeAirports(airports.object)];
  const objects = new Map<string, DemoObject>();
  for (const { object } of all) {
    const before = objects.get(object.object);
    objects.set(object.object, before === undefined ? object : joined(before, object));
  }
  return { objects: [...objects.values()], files: all.flatMap(({ files }) => files) };
}

interface LaidOut {
  readonly object: DemoObject;
  readonly files: readonly StoredFile[];
}

async function layOut({ name, key, wayIn, split }: RealFile): Promise<LaidOut> {
  const path = packageFile("vega-datasets", `data/${name}.csv`);
  const text = await readFile(path, "utf8");
  const files =
    split === undefined
      ? [{ key: `vega/${name}.csv`, open: () => createReadStream(path) }]
      : splitByKeyStart(text, { key, characters: split.characters }).map(({ start, csv }) => ({
          key: `vega/${name}/${start}.csv`,
          open: () => Readable.from([Buffer.from(csv)]),
        }));
  const sources: readonly LoadSource[] =
    split?.into === "files"
      ? [{ prefix: `vega/${name}/` }]
      : files.map((file) => ({ key: file.key }));
  return {
    object: {
      sourceName: realSource,
      object: name.replaceAll("-", "_"),
      columns: withRecords(text).columns,
      key,
      loads: sources.map((source) => ({ wayIn, operation: "upsert", source })),
      originals: [{ operation: "upsert", open: () => createReadStream(path) }],
    },
    files,
  };
}

/** A delete by key of every airport in Alaska, in a file with a header, as people write it. */
async function closeAirports(airports: DemoObject): Promise<LaidOut> {
  const text = await readFile(packageFile("vega-datasets", "data/airports.csv"), "utf8");
  const { columns, records } = withRecords(text);
  const [key, state] = [columns.indexOf(airports.key), columns.indexOf("state")];
  const closed = records.filter((fields) => fields[state] === "AK").map((fields) => fields[key]);
  const csv = Buffer.from(`${[airports.key, ...closed].join("\n")}\n`);
  const open = () => Readable.from([csv]);
  const file = { key: "vega/airports-closed.csv", open };
  return {
    object: {
      ...airports,
      loads: [{ wayIn: "http", operation: "delete", source: { key: file.key } }],
      originals: [{ operation: "delete", open }],
    },
    files: [file],
  };
}

function generated(bytes: number): LaidOut {
  const open = () => Readable.from(generatedCsv(bytes));
  const key = "web/events.csv";
  return {
    object: {
      sourceName: generatedSource,
      object: "events",
      columns: generatedColumns,
      key: "event_id",
      loads: [{ wayIn: "http", operation: "upsert", source: { key } }],
      originals: [{ operation: "upsert", open }],
    },
    files: [{ key, open }],
  };
}

function joined(before: DemoObject, more: DemoObject): DemoObject {
  return {
    ...before,
    loads: [...before.loads, ...more.loads],
    originals: [...before.originals, ...more.originals],
  };
}
