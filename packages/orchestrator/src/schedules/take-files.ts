/** Fixes the files of a run's target: the run's list, and that each is taken, in one script. */
import { executed, guarded, type Ledger, runScript } from "../ledger/ledger.ts";
import { textReply } from "../ledger/replies.ts";
import { isGenuine, sealOf, tampered } from "../seals/seals.ts";
import { type FileDigests, rememberSeconds } from "./file-ledger.ts";
import { factsOf, fencedRun, type RunFacts, type RunRecord } from "./run-record.ts";

/** Files of one load; a load request names at most 1000. */
export const filesPerLoad = 1000;

const stagingSeconds = 3600;

/** A file to be taken. */
export interface NewFile extends FileDigests {
  readonly uri: string;
  readonly bytes: number;
}

/** HSET takes at most some 8000 arguments that come by unpack. */
const takeScript = `
local id, target, object, staged = ARGV[1], ARGV[4], ARGV[5], ARGV[7]
local key = base .. 'run:' .. id
local version = redis.call('HGET', base .. 'taken-versions', object) or '0'
if redis.call('HGET', key, 'revision') ~= ARGV[2] or version ~= ARGV[6] then
  redis.call('DEL', staged .. ':uris', staged .. ':marks')
  return 'fenced'
end
local files = key .. ':files:' .. target
redis.call('RENAME', staged .. ':uris', files)
redis.call('PERSIST', files)
while redis.call('EXISTS', staged .. ':marks') == 1 do
  local marks = redis.call('LPOP', staged .. ':marks', 4000)
  redis.call('HSET', base .. 'taken:' .. object, unpack(marks))
end
redis.call('EXPIRE', base .. 'taken:' .. object, ARGV[8])
local revision = stamp()
redis.call('HSET', base .. 'taken-versions', object, revision)
for i = 9, argc do
  if ARGV[i] ~= '' then redis.call('HSET', key, 'seal:' .. target .. ':' .. (i - 9), ARGV[i]) end
end
redis.call('HSET', key, 'record', ARGV[3])
redis.call('HSET', key, 'revision', revision)
return revision
`;

/** Changes with what is taken of a target; files judged by an older version must be judged again. */
export async function readTakenVersion(ledger: Ledger, target: string): Promise<string> {
  return (await guarded(() => ledger.redis.hget(`${ledger.base}taken-versions`, target))) ?? "0";
}

/**
 * Takes files for a target of a run and writes the run's targets; answers the run as it now stands.
 * Throws ERR_LEDGER_FENCED where the run, or what is taken of the target, has changed since it was read.
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
  const seals: string[] = [];
  for (let first = 0; first < take.files.length; first += filesPerLoad) {
    const some = take.files.slice(first, first + filesPerLoad);
    const owner = `${run.id} ${take.targetName} ${first / filesPerLoad}`;
    const uris = some.map(({ uri }) => uri);
    seals.push(sealOf(ledger, chunkFacts(run.id, take.targetName, seals.length, uris)));
    const marks = some.flatMap(({ place, file }) => [place, `${file} ${owner}`]);
    const staging = ledger.redis.multi();
    staging.rpush(`${staged}:uris`, ...uris).expire(`${staged}:uris`, stagingSeconds);
    staging.rpush(`${staged}:marks`, ...marks).expire(`${staged}:marks`, stagingSeconds);
    await executed(staging);
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
    rememberSeconds(ledger),
    ...seals,
  ]);
  if (answer === "fenced") throw fencedRun(run);
  return { ...next, revision: textReply.parse(answer) };
}

/** URIs of one chunk of a target's files, in order. Throws ERR_RECORD_TAMPERED. */
export async function readChunk(
  ledger: Ledger,
  run: { readonly id: string; readonly target: string },
  chunk: number,
): Promise<readonly string[]> {
  const first = chunk * filesPerLoad;
  const key = `${ledger.base}run:${run.id}:files:${run.target}`;
  const uris = await guarded(() => ledger.redis.lrange(key, first, first + filesPerLoad - 1));
  const field = `seal:${run.target}:${chunk}`;
  const seal = await guarded(() => ledger.redis.hget(`${ledger.base}run:${run.id}`, field));
  if (!isGenuine(ledger, chunkFacts(run.id, run.target, chunk, uris), seal ?? undefined))
    throw tampered("run", run.id);
  return uris;
}

function chunkFacts(
  runId: string,
  target: string,
  chunk: number,
  uris: readonly string[],
): readonly string[] {
  return ["files", runId, target, String(chunk), ...uris];
}
