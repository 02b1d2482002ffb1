/** Fixes the files of a run's target: the run's list, and that each is taken, in one script. */
import { z } from "zod";
import { executed, guarded, type Ledger, runScript } from "../ledger/ledger.ts";
import type { FileDigests } from "./file-ledger.ts";
import { factsOf, fencedRun, type RunFacts, type RunRecord } from "./run-record.ts";

/** Files of one load; a load request names at most 1000. */
export const filesPerLoad = 1000;

const stagingSeconds = 3600;
const batch = 1000;

/** A file to be taken. */
export interface NewFile extends FileDigests {
  readonly uri: string;
  readonly bytes: number;
}

const takeScript = `
local id, target, object, staged = ARGV[1], ARGV[4], ARGV[5], ARGV[7]
local key = base .. 'run:' .. id
local version = redis.call('HGET', base .. 'taken-versions', object) or '0'
if redis.call('HGET', key, 'revision') ~= ARGV[2] or version ~= ARGV[6] then
  redis.call('DEL', staged)
  return 'fenced'
end
local files = key .. ':files:' .. target
redis.call('RENAME', staged, files)
redis.call('PERSIST', files)
for index, text in ipairs(redis.call('LRANGE', files, 0, -1)) do
  local entry = cjson.decode(text)
  local chunk = string.format('%.0f', math.floor((index - 1) / tonumber(ARGV[8])))
  redis.call('HSET', base .. 'taken:' .. object, entry[2],
    entry[3] .. ' ' .. id .. ' ' .. target .. ' ' .. chunk)
end
redis.call('HINCRBY', base .. 'taken-versions', object, 1)
redis.call('HSET', key, 'record', ARGV[3])
redis.call('HINCRBY', key, 'revision', 1)
return 'taken'
`;

/** Counts what is taken of a target; files judged by an older count must be judged again. */
export async function readTakenVersion(ledger: Ledger, target: string): Promise<string> {
  return (await guarded(() => ledger.redis.hget(`${ledger.base}taken-versions`, target))) ?? "0";
}

/**
 * Takes files for a target of a run and writes the run's targets; answers the run as it now stands. Throws ERR_LEDGER_FENCED where the
 * run, or what is taken of the target, has changed since it was read.
 */
export async function takeFiles(
  ledger: Ledger,
  run: RunRecord,
  take: {
    readonly files: readonly NewFile[];
    readonly targetName: string;
    readonly targetKey: string;
    readonly takenVersion: string;
    readonly targets: RunFacts["targets"];
    readonly attempt: string;
  },
): Promise<RunRecord> {
  const staged = `${ledger.base}staging:${run.id}:${take.attempt}`;
  for (let first = 0; first < take.files.length; first += batch) {
    const some = take.files.slice(first, first + batch);
    const texts = some.map(({ uri, place, file }) => JSON.stringify([uri, place, file]));
    await executed(
      ledger.redis
        .multi()
        .rpush(staged, ...texts)
        .expire(staged, stagingSeconds),
    );
  }
  const next = { ...run, targets: take.targets };
  const answer = await runScript(ledger, takeScript, [
    run.id,
    run.revision,
    factsOf(next),
    take.targetName,
    take.targetKey,
    take.takenVersion,
    staged,
    filesPerLoad,
  ]);
  if (answer !== "taken") throw fencedRun(run);
  return { ...next, revision: String(Number(run.revision) + 1) };
}

const entry = z.tuple([z.string(), z.string(), z.string()]);

/** URIs of one chunk of a target's files, in order. */
export async function readChunk(
  ledger: Ledger,
  run: { readonly id: string; readonly target: string },
  chunk: number,
): Promise<readonly string[]> {
  const first = chunk * filesPerLoad;
  const key = `${ledger.base}run:${run.id}:files:${run.target}`;
  const texts = await guarded(() => ledger.redis.lrange(key, first, first + filesPerLoad - 1));
  return texts.map((text) => entry.parse(JSON.parse(text))[0]);
}
