/**
 * A bulk job whose record or parts cannot be read. What is sure without them: the key of its record,
 * its place among the permits, and the id by which the tenant's last list knew it.
 */
import { type BulkError, reasonCode } from "@headgate/core";
import { bulkJobPartSchema } from "./bulk-job-record.ts";
import { executed, guarded, type Ledger, retentionOf, runScript } from "./ledger.ts";
import { endLoadFunction, lineFunctions } from "./lua-fragments.ts";
import { textListsReply, textsReply } from "./replies.ts";

/** Its id at the API, from the record or from what was listed last; undefined where neither says it. */
export async function remoteOfUnreadable(
  { redis, base }: Ledger,
  bulkJobId: string,
): Promise<string | undefined> {
  const noted = await guarded(() => redis.hget(`${base}bulk-job:${bulkJobId}`, "remoteId"));
  const listed = await guarded(() => redis.hgetall(`${base}observed`));
  for (const remoteId of [...(noted === null ? [] : [noted]), ...Object.keys(listed)])
    if ((await guarded(() => redis.get(`${base}remote:${remoteId}`))) === bulkJobId)
      return remoteId;
  return undefined;
}

const endScript = `
${lineFunctions}
${endLoadFunction}
local id, code, message, keep = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if redis.call('ZREM', base .. 'permits', id) == 0 then return {} end
local live = redis.call('HGETALL', base .. 'live')
for i = 1, #live, 2 do
  if live[i + 1] == id then redis.call('HDEL', base .. 'live', live[i]) end
end
redis.call('ZREM', base .. 'bulk-jobs', id)
if ARGV[5] ~= '' then redis.call('DEL', base .. 'remote:' .. ARGV[5]) end
redis.call('DEL', base .. 'observed-at')
for _, suffix in ipairs({'', ':parts', ':receipts'}) do
  redis.call('EXPIRE', base .. 'bulk-job:' .. id .. suffix, keep)
end
local failed = {}
for i = 6, argc do
  local state = redis.call('HGET', base .. 'load:' .. ARGV[i], 'state')
  if state == 'loading' or state == 'processing' or state == 'waiting' then
    end_load(ARGV[i], 'failed', code, message, keep)
    failed[#failed + 1] = ARGV[i]
  end
end
return failed
`;

/**
 * Ends it: permit and object are free, and the loads that had parts in it fail by its name, for nobody
 * knows which of them are up. Answers these loads; none where it has ended before. The tenant has to be
 * listed before the next claim, so that one that lives on there is counted as a foreign one.
 */
export async function endUnreadableBulkJob(
  ledger: Ledger,
  bulkJob: {
    readonly id: string;
    readonly remoteId: string | undefined;
    readonly fault: BulkError;
  },
): Promise<readonly string[]> {
  const { id, remoteId, fault } = bulkJob;
  const answer = await runScript(ledger, endScript, [
    id,
    reasonCode(fault.code),
    fault.message,
    retentionOf(ledger),
    remoteId ?? "",
    ...(await loadsOf(ledger, id)),
  ]);
  return textsReply.parse(answer);
}

/** Those that its parts name; where one part is torn, all unfinished ones that have ever had a part in it. */
async function loadsOf(ledger: Ledger, bulkJobId: string): Promise<readonly string[]> {
  const { redis, base } = ledger;
  const texts = await guarded(() => redis.lrange(`${base}bulk-job:${bulkJobId}:parts`, 0, -1));
  const parts = texts.map((text) => bulkJobPartSchema.safeParse(jsonOf(text)).data?.load);
  const named = parts.filter((load) => load !== undefined);
  if (named.length === texts.length && texts.length > 0) return [...new Set(named)];
  const states = ["waiting", "loading", "processing"];
  const lists = states.map((state) =>
    guarded(() => redis.zrange(`${base}loads:state:${state}`, "0", "-1")),
  );
  const open = (await Promise.all(lists)).flat();
  const pipeline = redis.pipeline();
  for (const load of open) pipeline.smembers(`${base}load:${load}:bulk-jobs`);
  const held = textListsReply.parse(open.length > 0 ? await executed(pipeline) : []);
  return open.filter((_, index) => held[index]?.includes(bulkJobId));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
