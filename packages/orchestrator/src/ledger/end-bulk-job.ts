/**
 * The end of a bulk job, in one script: permit and object are free, its parts are settled, return
 * to their places in line, or their loads fail. Slots are never given back.
 */
import type { BulkJobEnd, LoadState, RemoteState } from "@headgate/core";
import { loadStates } from "@headgate/core";
import { z } from "zod";
import type { BulkJobRecord } from "./bulk-job-record.ts";
import { type Ledger, retentionOf, runScript } from "./ledger.ts";
import { noteBeat } from "./ledger-memory.ts";
import { endLoadFunction, lineFunctions } from "./lua-fragments.ts";

const endScript = `
${lineFunctions}
${endLoadFunction}
local id, revision, ending = ARGV[1], ARGV[2], ARGV[3]
local code, message, culprits = ARGV[4], ARGV[5], cjson.decode(ARGV[6])
local restart_cost, budget, keep = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]
local key = base .. 'bulk-job:' .. id
if redis.call('HGET', key, 'revision') ~= revision then return {'fenced', '[]'} end
local facts = redis.call('HMGET', key, 'objectKey', 'next', 'phase', 'remoteId', 'closedAt')
if facts[3] == 'ended' then return {'0', '[]'} end
local object, uploaded, was_closed = facts[1], tonumber(facts[2] or '0'), facts[5]
redis.call('HSET', key, 'phase', 'ended', 'end', ending, 'endedAt', string.format('%.0f', now()))
local beat = stamp()
redis.call('HSET', key, 'revision', beat)
redis.call('ZREM', base .. 'permits', id)
if redis.call('HGET', base .. 'live', object) == id then redis.call('HDEL', base .. 'live', object) end
if facts[4] then redis.call('EXPIRE', base .. 'remote:' .. facts[4], keep) end
-- While it was being created the list told its rival from it by nothing; the next one will.
if ending == 'conflict' then redis.call('DEL', base .. 'observed', base .. 'observed-at') end
if ARGV[10] ~= '' then redis.call('HSET', key, 'remoteState', ARGV[10]) end
for _, suffix in ipairs({'', ':parts', ':receipts'}) do redis.call('EXPIRE', key .. suffix, keep) end

local failing = {}
for _, load in ipairs(culprits) do failing[load] = true end
local loads, order = {}, {}
for index, text in ipairs(redis.call('LRANGE', key .. ':parts', 0, -1)) do
  local entry = cjson.decode(text)
  local sums = loads[entry.load]
  if not sums then
    sums = {parts = {}, bytes = 0, records = 0, up = 0, up_bytes = 0, up_records = 0}
    loads[entry.load] = sums
    order[#order + 1] = entry.load
  end
  sums.parts[#sums.parts + 1] = entry.part
  sums.bytes, sums.records = sums.bytes + entry.bytes, sums.records + entry.records
  if index <= uploaded then
    sums.up, sums.up_bytes, sums.up_records = sums.up + 1, sums.up_bytes + entry.bytes, sums.up_records + entry.records
  end
end

local ended = {}
for _, load in ipairs(order) do
  local sums, hash = loads[load], base .. 'load:' .. load
  local state = redis.call('HGET', hash, 'state')
  if state then
    local claimed = redis.call('HINCRBY', hash, 'claimedParts', -#sums.parts)
    if ending == 'complete' then
      local settled = redis.call('HINCRBY', hash, 'settledParts', #sums.parts)
      redis.call('HINCRBY', hash, 'settledBytes', sums.bytes)
      redis.call('HINCRBY', hash, 'settledRecords', sums.records)
      local parts = tonumber(redis.call('HGET', hash, 'parts'))
      if (state == 'loading' or state == 'processing') and settled == parts then
        end_load(load, 'complete', '', '', keep)
        ended[#ended + 1] = {load, 'complete'}
      end
    else
      redis.call('HINCRBY', hash, 'uploadedParts', 0 - sums.up)
      redis.call('HINCRBY', hash, 'uploadedBytes', 0 - sums.up_bytes)
      redis.call('HINCRBY', hash, 'uploadedRecords', 0 - sums.up_records)
      if was_closed then redis.call('HINCRBY', hash, 'closedParts', -#sums.parts) end
      if state == 'loading' or state == 'processing' then
        local restarts = redis.call('HINCRBY', hash, 'restarts', restart_cost)
        if failing[load] then
          end_load(load, 'failed', code, message, keep)
          ended[#ended + 1] = {load, 'failed'}
        elseif restarts > budget then
          end_load(load, 'failed', 'unstable', 'restarted ' .. restarts .. ' times, allowed ' .. budget .. '; last: ' .. message, keep)
          ended[#ended + 1] = {load, 'failed'}
        else
          if ARGV[11] ~= '' then redis.call('HSET', hash, 'mostLoads', ARGV[11]) end
          for _, part in ipairs(sums.parts) do redis.call('ZADD', hash .. ':returned', part, part) end
          set_state(load, claimed > 0 and 'loading' or 'waiting')
          redis.call('ZADD', base .. 'line:' .. object, redis.call('HGET', hash, 'sequence'), load)
        end
      end
    end
  end
end
refresh_line(object)
if #ended == 0 then return {beat, '[]'} end
return {beat, cjson.encode(ended)}
`;

const endedLoads = z.array(z.tuple([z.string(), z.enum(loadStates)]));

/** Restarts a load may cost before it fails as unstable. */
export const restartBudget = 3;

/** How a bulk job ends and what that means for its loads. */
export interface BulkJobEnding {
  readonly end: BulkJobEnd;
  /** The API's last state of it, where it was seen. */
  readonly remoteState?: RemoteState;
  /** Code and message that failing loads get. */
  readonly code: string;
  readonly message: string;
  /** Loads that fail; the others' parts go back in line. */
  readonly culprits: readonly string[];
  /** Whether each load that goes back in line is charged one restart. */
  readonly chargeRestart: boolean;
  /** Loads that a bulk job may hold from now on with any that goes back in line; default no limit. */
  readonly mostLoads?: number;
}

/** A load that is final with this bulk job. */
export interface EndedLoad {
  readonly loadId: string;
  readonly state: LoadState;
}

/** Ends a bulk job; answers the loads that ended with it, or `fenced`. */
export async function endBulkJob(
  ledger: Ledger,
  record: BulkJobRecord,
  ending: BulkJobEnding,
): Promise<readonly EndedLoad[] | "fenced"> {
  const [beat, json] = z
    .tuple([z.string(), z.string()])
    .parse(
      await runScript(ledger, endScript, [
        record.id,
        record.revision,
        ending.end,
        ending.code,
        ending.message,
        JSON.stringify(ending.culprits),
        ending.chargeRestart ? 1 : 0,
        restartBudget,
        retentionOf(ledger),
        ending.remoteState ?? "",
        ending.mostLoads ?? "",
      ]),
    );
  if (beat === "fenced") return "fenced";
  noteBeat(ledger.memory, Number(beat));
  return endedLoads.parse(JSON.parse(json)).map(([loadId, state]) => ({ loadId, state }));
}
