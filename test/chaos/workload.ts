/**
 * The loads of a run, as a pure function of its seed. Each object gets one load after the other; the
 * rows of a load carry its place in that order as their version, so that afterwards anybody can say
 * which rows the object must have been given, and in which order.
 */
import { gzipSync } from "node:zlib";
import { createDice, type Dice } from "./dice.ts";

/** One source file of a load. */
export interface FilePlan {
  /** Last part of its key. */
  readonly name: string;
  readonly firstKey: number;
  readonly rows: number;
  /** A file with another line end than the one before it begins a new part. */
  readonly lineEnd: "\n" | "\r\n";
  readonly isGzip: boolean;
}

/** One load. */
export interface LoadPlan {
  /** Folder of its files, and its idempotency key. */
  readonly name: string;
  /** Earliest instant, in milliseconds since the start, at which it is sent. */
  readonly atMs: number;
  readonly object: string;
  /** Place in the order of its object, from 0, and version of its rows. */
  readonly version: number;
  readonly operation: "upsert" | "delete";
  readonly files: readonly FilePlan[];
}

/** How much a run loads. */
export interface WorkloadSize {
  readonly seed: string;
  /** Time over which loads are sent. */
  readonly spanMs: number;
  readonly loadsPerMinute: number;
  readonly objects: number;
  /** One to three small files a load, in place of four to eight and large ones among them. Default false. */
  readonly small?: boolean;
}

/** Small loads draw their keys from so many, so that most keys are written again and again. */
const sharedKeys = 6000;
/** One load in so many is large, deletes, or has compressed files. */
const largeEvery = 15;
const deleteEvery = 14;
const gzipEvery = 9;

/** A secret-like text that stands in cell values; nothing may log or keep it. */
export const canaryCell = "canary-cell-4f1c";

/** Names of the objects. */
function objectNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `thing${i + 1}`);
}

/** All loads of a run, by when they are sent. */
export function planWorkload(size: WorkloadSize): readonly LoadPlan[] {
  const dice = createDice(size.seed, "workload");
  const names = objectNames(size.objects);
  const count = Math.max(1, Math.round((size.loadsPerMinute * size.spanMs) / 60_000));
  const versions = new Map<string, number>();
  return Array.from({ length: count }, (_, i) => {
    const object = names[i % names.length] ?? "";
    const version = versions.get(object) ?? 0;
    versions.set(object, version + 1);
    const operation = version > 0 && i % deleteEvery === deleteEvery - 1 ? "delete" : "upsert";
    return {
      name: `load-${String(i + 1).padStart(5, "0")}`,
      atMs: Math.floor((i * size.spanMs) / count),
      object,
      version,
      operation,
      files: filesOf(i, operation, { dice, small: size.small ?? false }),
    };
  });
}

function filesOf(
  index: number,
  operation: string,
  { dice, small }: { readonly dice: Dice; readonly small: boolean },
): readonly FilePlan[] {
  const isLarge = !small && operation === "upsert" && index % largeEvery === 4;
  const isGzip = index % gzipEvery === 3;
  const count = isLarge ? 2 : small ? dice.whole(1, 3) : dice.whole(4, 8);
  let key = dice.whole(0, isLarge ? sharedKeys / 2 : sharedKeys);
  return Array.from({ length: count }, (_, i) => {
    const rows = isLarge ? dice.whole(38_000, 45_000) : dice.whole(60, 420);
    const firstKey = key;
    key += rows;
    return {
      name: `f-${i}.csv${isGzip ? ".gz" : ""}`,
      firstKey,
      rows,
      lineEnd: i % 2 === 0 ? "\n" : "\r\n",
      isGzip,
    };
  });
}

/**
 * Fields of the row with this key in the load; of a delete the key and an instant. Version stands in
 * both, for two deletes of a key must not look alike.
 */
export function rowOf(load: Pick<LoadPlan, "operation" | "version">, key: number): string[] {
  if (load.operation === "delete")
    return [`k${key}`, new Date(Date.UTC(2026, 0, 1) + load.version * 1000).toISOString()];
  const note = key % 97 === 0 ? `${canaryCell}, "quoted"` : `line one\nline "${key}"`;
  return [`k${key}`, `v${load.version}`, note];
}

/** The connector's schema, YAML. */
export function schemaOf(objects: number): string {
  const schemas = objectNames(objects).map(
    (name) => `    ${name}:
      type: object
      properties:
        id: { type: string }
        written: { type: string }
        note: { type: string }
`,
  );
  return `openapi: 3.0.3\ncomponents:\n  schemas:\n${schemas.join("")}`;
}

/** The bytes of a file as they are stored. */
export function bytesOfFile(load: LoadPlan, file: FilePlan): Buffer {
  const lines: string[] = [];
  if (load.operation === "upsert") lines.push(["id", "written", "note"].join(","));
  for (let i = 0; i < file.rows; i++)
    lines.push(
      rowOf(load, file.firstKey + i)
        .map(quoted)
        .join(","),
    );
  const text = Buffer.from(lines.map((line) => line + file.lineEnd).join(""));
  return file.isGzip ? gzipSync(text) : text;
}

function quoted(field: string): string {
  return /[\n",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
