/** The loads of one run: what clients ask for, when, and what stands in their files. */
import type { LoadRequestInput } from "@headgate/orchestrator/requests";
import type { Random } from "./random.ts";
import type { SourceFiles } from "./source-files.ts";

/** Faults that a load's files have from the beginning. */
const badSources = [
  "missing",
  "header only",
  "open quote",
  "unknown column",
  "field too many",
] as const;
type BadSource = (typeof badSources)[number];

/** One load as its client means it. */
export interface LoadSpec {
  readonly name: string;
  readonly connection: string;
  readonly object: string;
  readonly operation: "upsert" | "delete";
  readonly key: string;
  /** When it is first asked for, and when its client gives it up. */
  readonly at: number;
  readonly cancelAt: number | undefined;
  readonly request: LoadRequestInput;
  readonly uris: readonly string[];
  readonly bad: BadSource | undefined;
  /** How long planning reads each of its files. */
  readonly readingMs: number;
  /** Every record, as its line; no two loads have one in common. */
  readonly lines: readonly string[];
}

export interface Workload {
  readonly loads: readonly LoadSpec[];
  readonly files: SourceFiles;
  /** The load that a record is of. */
  readonly loadOfLine: ReadonlyMap<string, LoadSpec>;
  readonly loadOfUri: ReadonlyMap<string, LoadSpec>;
}

export const connections = ["north", "south"] as const;
export const sourceName = "crm";
export const header = "id,note";
const objects = ["orders", "customers", "items"] as const;

/** Loads at random times of `spanMs` from `start`, many of them close together. */
export function createWorkload(
  random: Random,
  options: {
    readonly start: number;
    readonly spanMs: number;
    readonly bursts: readonly number[];
    readonly hasBadSources: boolean;
    readonly crowding: number;
    readonly largeShare: number;
  },
): Workload {
  const files: SourceFiles = new Map();
  const times = arrivals(random, options);
  const loads = times.map((at, index) => newLoad(random, files, { at, index, ...options }));
  return {
    loads,
    files,
    loadOfLine: new Map(loads.flatMap((load) => load.lines.map((line) => [line, load]))),
    loadOfUri: new Map(loads.flatMap((load) => load.uris.map((uri) => [uri, load]))),
  };
}

function arrivals(
  random: Random,
  options: { readonly start: number; readonly spanMs: number; readonly bursts: readonly number[] },
): readonly number[] {
  const { start, spanMs, bursts } = options;
  return Array.from({ length: random.int(20, 22) }, () =>
    random.chance(0.7)
      ? random.pick(bursts) + random.int(0, random.pick([30_000, 900_000]))
      : start + random.int(0, spanMs),
  ).sort((a, b) => a - b);
}

function newLoad(
  random: Random,
  files: SourceFiles,
  options: {
    readonly at: number;
    readonly index: number;
    readonly hasBadSources: boolean;
    readonly crowding: number;
    readonly largeShare: number;
  },
): LoadSpec {
  const { at, index } = options;
  const name = `L${index}`;
  const operation = random.chance(0.8) ? "upsert" : "delete";
  const bad = options.hasBadSources && random.chance(0.12) ? random.pick(badSources) : undefined;
  const isInCrowd = random.chance(options.crowding);
  const connection = isInCrowd ? connections[0] : random.pick(connections);
  const object = isInCrowd ? objects[0] : random.pick(objects);
  const lines: string[] = [];
  const uris: string[] = [];
  const fileCount = random.int(1, 3);
  for (let file = 0; file < fileCount; file++) {
    const uri = `s3://bucket/${name}/${file}.csv`;
    uris.push(uri);
    const records = Array.from({ length: random.int(1, 24) }, () =>
      operation === "upsert"
        ? `k${random.int(1, 40)},${name}.${lines.push("") - 1}`
        : `d${name}.${lines.push("") - 1}`,
    );
    lines.splice(lines.length - records.length, records.length, ...records);
    files.set(uri, contentOf(records, operation, file === 0 ? bad : undefined));
  }
  if (bad === "missing") files.delete(uris[0] ?? "");
  return {
    name,
    connection,
    object,
    operation,
    key: `key-${name}`,
    at,
    cancelAt: random.chance(0.2) ? at + random.int(0, random.pick([4_000, 3_600_000])) : undefined,
    request: { connection, sourceName, object, operation, source: { keys: uris } },
    uris,
    bad,
    readingMs: random.chance(options.largeShare) ? random.int(10, 600) * 1000 : 0,
    lines,
  };
}

function contentOf(
  records: readonly string[],
  operation: "upsert" | "delete",
  bad: BadSource | undefined,
): Buffer {
  const head = operation === "upsert" ? [bad === "unknown column" ? `${header},more` : header] : [];
  const rows = bad === "header only" ? [] : [...records];
  if (bad === "open quote") rows.push('"never closed');
  if (bad === "field too many") rows.push("a,b,c,d");
  return Buffer.from([...head, ...rows, ""].join("\n"));
}
