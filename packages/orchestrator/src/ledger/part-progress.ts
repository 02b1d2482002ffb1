/** What each accepted part, each returned part and the closing of a bulk job write, fenced. */
import type { BulkJobPart, BulkJobRecord } from "./bulk-job-record.ts";
import { parseAnswered } from "./bulk-job-record.ts";
import { type Ledger, runScript } from "./ledger.ts";
import { lineFunctions, stateFunction } from "./lua-fragments.ts";

const uploadedScript = `
local key = base .. 'bulk-job:' .. ARGV[1]
if redis.call('HGET', key, 'revision') ~= ARGV[2] then return {} end
local entry = cjson.decode(ARGV[3])
local load = base .. 'load:' .. entry.load
redis.call('HINCRBY', key, 'next', 1)
redis.call('HINCRBY', key, 'uploadedBytes', entry.bytes)
redis.call('HSET', key, 'uploading', '', 'tries', 0)
redis.call('RPUSH', key .. ':receipts', ARGV[4])
redis.call('HINCRBY', load, 'uploadedParts', 1)
redis.call('HINCRBY', load, 'uploadedBytes', entry.bytes)
redis.call('HINCRBY', load, 'uploadedRecords', entry.records)
redis.call('HDEL', load, 'deaths')
redis.call('HSET', key, 'revision', stamp())
return redis.call('HGETALL', key)
`;

/** The API has accepted the part that was due. Throws ERR_LEDGER_FENCED. */
export async function recordUploaded(
  ledger: Ledger,
  record: BulkJobRecord,
  receipt: { readonly part: BulkJobPart; readonly sha256: string },
): Promise<BulkJobRecord> {
  const answer = await runScript(ledger, uploadedScript, [
    record.id,
    record.revision,
    JSON.stringify(receipt.part),
    JSON.stringify({ ...receipt.part, sha256: receipt.sha256 }),
  ]);
  return parseAnswered(ledger, record, answer);
}

const returnLastScript = `
${lineFunctions}
${stateFunction}
local key = base .. 'bulk-job:' .. ARGV[1]
if redis.call('HGET', key, 'revision') ~= ARGV[2] then return {} end
local text = redis.call('RPOP', key .. ':parts')
local entry = cjson.decode(text)
local load = base .. 'load:' .. entry.load
redis.call('HINCRBY', key, 'files', -1)
redis.call('HINCRBY', key, 'bytes', 0 - entry.bytes)
redis.call('HSET', key, 'uploading', '')
local claimed = redis.call('HINCRBY', load, 'claimedParts', -1)
local facts = redis.call('HMGET', load, 'objectKey', 'sequence', 'state')
if facts[3] == 'loading' then
  redis.call('ZADD', load .. ':returned', entry.part, entry.part)
  redis.call('ZADD', base .. 'line:' .. facts[1], facts[2], entry.load)
  if claimed == 0 then set_state(entry.load, 'waiting') end
  refresh_line(facts[1])
end
redis.call('HSET', key, 'revision', stamp())
return redis.call('HGETALL', key)
`;

/** The last part goes back in line, unless its load has ended, for the next bulk job of its object. Throws ERR_LEDGER_FENCED. */
export async function returnLastPart(
  ledger: Ledger,
  record: BulkJobRecord,
): Promise<BulkJobRecord> {
  return parseAnswered(
    ledger,
    record,
    await runScript(ledger, returnLastScript, [record.id, record.revision]),
  );
}

const closedScript = `
${stateFunction}
local key = base .. 'bulk-job:' .. ARGV[1]
if redis.call('HGET', key, 'revision') ~= ARGV[2] then return {} end
redis.call('HSET', key, 'phase', 'processing', 'remoteState', ARGV[3], 'tries', 0)
local first = redis.call('HSETNX', key, 'closedAt', string.format('%.0f', now())) == 1
for _, text in ipairs(first and redis.call('LRANGE', key .. ':parts', 0, -1) or {}) do
  local id = cjson.decode(text).load
  local load = base .. 'load:' .. id
  redis.call('HINCRBY', load, 'closedParts', 1)
  local counts = redis.call('HMGET', load, 'closedParts', 'parts', 'state')
  if counts[1] == counts[2] and counts[3] == 'loading' then set_state(id, 'processing') end
end
redis.call('HSET', key, 'revision', stamp())
return redis.call('HGETALL', key)
`;

/** The API has the bulk job as closed, now or since before an abort that came too late. Throws ERR_LEDGER_FENCED. */
export async function recordClosed(
  ledger: Ledger,
  record: BulkJobRecord,
  remoteState: string,
): Promise<BulkJobRecord> {
  return parseAnswered(
    ledger,
    record,
    await runScript(ledger, closedScript, [record.id, record.revision, remoteState]),
  );
}
