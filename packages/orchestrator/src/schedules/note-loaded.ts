/** Notes the files of complete loads as loaded, with the pins that were really loaded. */
import { isBulkError } from "@headgate/core";
import { guarded, type Ledger, ledgerNow, runScript } from "../ledger/ledger.ts";
import { type LoadRecord, readLoads, readSourceRange } from "../ledger/load-record.ts";
import { digestsOf, rememberSeconds, targetKey } from "./file-ledger.ts";

/** Loads, and files, looked at in one go. */
const batch = 1000;

const noteScript = `
local target, run = ARGV[1], ARGV[2]
for i = 5, argc, 2 do
  redis.call('ZADD', base .. 'loaded:' .. target, ARGV[3], ARGV[i + 1])
  local mark = redis.call('HGET', base .. 'taken:' .. target, ARGV[i])
  if mark and string.find(mark, ' ' .. run .. ' ', 1, true) then
    redis.call('HDEL', base .. 'taken:' .. target, ARGV[i])
  end
end
redis.call('EXPIRE', base .. 'loaded:' .. target, ARGV[4])
`;

/** Does so for every complete load of a run that waits for it; a crash on the way does it again. */
export async function noteLoaded(ledger: Ledger): Promise<void> {
  const waiting = `${ledger.base}run-loads`;
  for (;;) {
    const ids = (await guarded(() => ledger.redis.srandmember(waiting, batch))) ?? [];
    // The files of loads that are gone, unreadable or tampered with count as not loaded, and go again.
    const { loads } = await readLoads(ledger, ids);
    for (const load of loads)
      await noteFilesOf(ledger, load).catch((error: unknown) => {
        if (!isBulkError(error, "ERR_RECORD_TAMPERED")) throw error;
      });
    if (ids.length > 0) await guarded(() => ledger.redis.srem(waiting, ...ids));
    if (ids.length < batch) return;
  }
}

async function noteFilesOf(ledger: Ledger, load: LoadRecord): Promise<void> {
  const now = await ledgerNow(ledger);
  for (let first = 0; first < load.sourceObjects; first += batch) {
    const files = await readSourceRange(ledger, load.id, first, first + batch - 1);
    const digests = files.map(digestsOf);
    await runScript(ledger, noteScript, [
      targetKey(load.request),
      load.run ?? "",
      now,
      rememberSeconds(ledger),
      ...digests.flatMap(({ place, file }) => [place, file]),
    ]);
  }
}
