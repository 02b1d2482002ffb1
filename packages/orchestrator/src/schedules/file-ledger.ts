/**
 * Which files have been loaded into a target, so that none goes twice. A target is connector, object
 * and operation, whatever schedule brings its files; a file is a URI with its pin.
 *
 * A file is *taken* by the run that makes a load of it, by the script that fixes the run's files, and
 * *loaded* once such a load is complete, with the pin that was really loaded. What is taken counts
 * only while the run's load of it (or the last one that brought it again) may yet complete.
 * A loaded file is forgotten when it was not listed for the retention and 60 days, the longest
 * look-back, on top; so is all that is known of a target that no schedule has gathered for so long.
 */
import { createHash } from "node:crypto";
import { isFinalLoadState, type SourceObject } from "@headgate/core";
import { z } from "zod";
import { executed, guarded, type Ledger, retentionOf, runScript } from "../ledger/ledger.ts";
import { type LoadRecord, readLoads } from "../ledger/load-record.ts";
import { type RunRecord, readRuns } from "./run-record.ts";

/** Files asked about in one round trip. */
const batch = 1000;

const marksReply = z.array(z.string().nullable());

/** How long after it was last listed a loaded file is remembered. */
export function rememberSeconds(ledger: Ledger): number {
  return retentionOf(ledger) + 60 * 24 * 3600;
}

/** A target's name in the ledger of files. */
export function targetKey(target: {
  readonly sourceName: string;
  readonly object: string;
  readonly operation: string;
}): string {
  return `${target.sourceName}/${target.object}/${target.operation}`;
}

/** A file by digests: of its URI, and of URI and pin. */
export interface FileDigests {
  readonly place: string;
  readonly file: string;
}

/** 128 bits each, in base64url. */
export function digestsOf({ uri, pin }: Pick<SourceObject, "uri" | "pin">): FileDigests {
  return { place: digest([uri]), file: digest([uri, pin]) };
}

/** Digest of texts in order. */
export function digest(texts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(texts)).digest("base64url").slice(0, 22);
}

/** What `judgeFile` in core asks about each file. */
export interface FileFacts {
  readonly isLoaded: boolean;
  readonly heldAs: "same" | "another" | undefined;
}

/** What is known about each of these files, in order. */
export async function readFileFacts(
  ledger: Ledger,
  target: string,
  files: readonly FileDigests[],
): Promise<readonly FileFacts[]> {
  const { base, redis } = ledger;
  const loaded: boolean[] = [];
  const takes: (Take | undefined)[] = [];
  for (let first = 0; first < files.length; first += batch) {
    const some = files.slice(first, first + batch);
    // Together, for a file moves from taken to loaded in one step.
    const [scores, marks] = await executed(
      redis
        .multi()
        .zmscore(`${base}loaded:${target}`, ...some.map(({ file }) => file))
        .hmget(`${base}taken:${target}`, ...some.map(({ place }) => place)),
    );
    loaded.push(
      ...z
        .array(z.string().nullable())
        .parse(scores)
        .map((score) => score !== null),
    );
    takes.push(...marksReply.parse(marks).map(parseTake));
  }
  const holds = await heldTakes(ledger, takes);
  return files.map(({ file }, index) => {
    const take = takes[index];
    const isHeld = take !== undefined && holds(take);
    return {
      isLoaded: loaded[index] ?? false,
      heldAs: isHeld ? (take.file === file ? "same" : "another") : undefined,
    };
  });
}

/** Notes that these files were listed now, so that they are remembered. */
export async function rememberFiles(
  ledger: Ledger,
  target: string,
  files: { readonly digests: readonly FileDigests[]; readonly now: number },
): Promise<void> {
  const loaded = `${ledger.base}loaded:${target}`;
  for (let first = 0; first < files.digests.length; first += batch) {
    const some = files.digests.slice(first, first + batch);
    const scored = some.flatMap(({ file }) => [files.now, file]);
    await guarded(() => ledger.redis.zadd(loaded, "XX", ...scored));
  }
  await guarded(() => ledger.redis.expire(loaded, rememberSeconds(ledger)));
}

/** Forgets loaded files that were not listed for long, and takes of runs that are no longer kept. */
export async function forgetFiles(ledger: Ledger, target: string, now: number): Promise<void> {
  const { redis, base } = ledger;
  const old = now - rememberSeconds(ledger) * 1000;
  await guarded(() => redis.zremrangebyscore(`${base}loaded:${target}`, "-inf", old));
  let cursor = "0";
  do {
    const [next, flat] = await guarded(() =>
      redis.hscan(`${base}taken:${target}`, cursor, "COUNT", batch),
    );
    await forgetTakes(ledger, target, flat);
    cursor = next;
  } while (cursor !== "0");
}

const forgetScript = `
local taken = base .. 'taken:' .. ARGV[1]
for i = 2, argc, 2 do
  if redis.call('HGET', taken, ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', taken, ARGV[i]) end
end
`;

async function forgetTakes(ledger: Ledger, target: string, flat: readonly string[]): Promise<void> {
  const marks = flat.flatMap((place, index) =>
    index % 2 === 0 ? [[place, flat[index + 1] ?? ""]] : [],
  );
  const runIds = new Set(marks.map(([, mark]) => parseTake(mark ?? null)?.runId ?? ""));
  const kept = new Set((await readRuns(ledger, [...runIds])).map(({ id }) => id));
  const gone = marks.filter(([, mark]) => !kept.has(parseTake(mark ?? null)?.runId ?? ""));
  if (gone.length > 0) await runScript(ledger, forgetScript, [target, ...gone.flat()]);
}

/** Who has taken a file: chunk `chunk` of a target of a run. */
interface Take {
  readonly file: string;
  readonly runId: string;
  readonly target: string;
  readonly chunk: number;
}

/** The form in which take-files.ts writes it. */
function parseTake(mark: string | null): Take | undefined {
  if (mark === null) return undefined;
  const [file = "", runId = "", target = "", chunk = "0"] = mark.split(" ");
  return { file, runId, target, chunk: Number(chunk) };
}

/** Answers, for takes among these, whether the load that was made of it may yet complete. */
async function heldTakes(
  ledger: Ledger,
  takes: readonly (Take | undefined)[],
): Promise<(take: Take) => boolean> {
  const runIds = new Set(takes.flatMap((take) => take?.runId ?? []));
  const runs = new Map((await readRuns(ledger, [...runIds])).map((run) => [run.id, run]));
  const firsts = new Set(takes.flatMap((take) => (take && loadOf(runs, take)) ?? []));
  const last = await lastTries(ledger, [...firsts]);
  return (take) => {
    const loadId = loadOf(runs, take);
    // A run that goes on will make its load; one that has ended without it never will.
    if (loadId === undefined) return runs.get(take.runId)?.state === "running";
    const state = last.get(loadId)?.state;
    return state !== undefined && (!isFinalLoadState(state) || state === "complete");
  };
}

function loadOf(runs: ReadonlyMap<string, RunRecord>, take: Take): string | undefined {
  const target = runs.get(take.runId)?.targets.find(({ name }) => name === take.target);
  return target?.loads[take.chunk];
}

/** By first load, the last one that brought its files again. */
async function lastTries(
  ledger: Ledger,
  loadIds: readonly string[],
): Promise<ReadonlyMap<string, LoadRecord>> {
  const last = new Map<string, LoadRecord>();
  let asked = new Map(loadIds.map((id) => [id, id]));
  while (asked.size > 0) {
    const { loads: records } = await readLoads(ledger, [...asked.keys()]);
    const next = new Map<string, string>();
    for (const record of records) {
      const first = asked.get(record.id) ?? record.id;
      last.set(first, record);
      if (record.retriedAs !== undefined) next.set(record.retriedAs, first);
    }
    asked = next;
  }
  return last;
}
