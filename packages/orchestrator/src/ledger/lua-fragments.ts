/** Pieces of Lua that several scripts share. Each defines local functions; none runs anything. */

/**
 * `slot_decision(object, first)`: nil for a grant, else {reason, until}, -1 where only an event can
 * help. The same sums as `decideSlot` in core; slot-model.test.ts compares the two. `first` is the
 * index in ARGV of: slots, windowMs, permits, reserveSlots, reservePermits, oneBulkJobPerObject, and
 * the generation and beat that the asking process remembers: where the ledger has others, it has lost
 * data that nobody has accounted for yet. `window_decision(except, first)` looks at history, gate and
 * window only, the slot `except` left out; `is_others(object)`: whether another tool has it.
 */
export const slotDecision = `
local function free_at(stamps, allowed, window)
  if #stamps < allowed then return 0 end
  local leaving = stamps[#stamps - allowed + 1]
  if leaving == nil then return math.huge end
  return leaving + window
end
local function history_decision(first)
  local witness = redis.call('HMGET', base .. 'witness', 'generation', 'beat', 'beat:' .. process,
    'lostAt', 'frozenUntil')
  if ARGV[first + 6] ~= '' then
    if witness[1] ~= ARGV[first + 6] then return {'history', -1} end
    if tonumber(witness[2] or '0') < tonumber(ARGV[first + 7]) then return {'history', -1} end
    if has_lost_own(witness[3], tonumber(witness[2] or '0')) then return {'history', -1} end
  end
  if not witness[4] then return nil end
  local frozen = tonumber(witness[5])
  if frozen > now() then return {'history', frozen} end
  local listed = tonumber(redis.call('GET', base .. 'observed-at') or '0')
  if listed < tonumber(witness[4]) then return {'history', -1} end
  return nil
end
local function gate_decision(first)
  local unknown = history_decision(first)
  if unknown then return unknown end
  local gate = tonumber(redis.call('HGET', base .. 'gate', 'until') or '0')
  if gate > now() then return {'gate', gate} end
end
local function window_decision(except, first)
  local closed = gate_decision(first)
  if closed then return closed end
  local t = now()
  local slots, window = tonumber(ARGV[first]), tonumber(ARGV[first + 1])
  local reserve = tonumber(ARGV[first + 3])
  redis.call('ZREMRANGEBYSCORE', base .. 'slots', '-inf', string.format('%.0f', t - window))
  local entries = redis.call('ZRANGE', base .. 'slots', 0, -1, 'WITHSCORES')
  local own, all = {}, {}
  for i = 1, #entries, 2 do
    if entries[i] ~= except then
      local at = tonumber(entries[i + 1])
      all[#all + 1] = at
      if string.sub(entries[i], 1, 2) == 'o:' then own[#own + 1] = at end
    end
  end
  local free = math.max(free_at(own, slots - reserve, window), free_at(all, slots, window))
  if free <= t then return nil end
  if free == math.huge then return {'window', -1} end
  return {'window', free}
end
local function is_others(object)
  for _, other in ipairs(redis.call('HVALS', base .. 'foreign-live')) do
    if other == object then return true end
  end
  return false
end
local function slot_decision(object, first)
  local closed = gate_decision(first)
  if closed then return closed end
  if ARGV[first + 5] == '1' then
    if redis.call('HEXISTS', base .. 'live', object) == 1 then return {'object-busy', -1} end
    if is_others(object) then return {'object-busy', -1} end
  end
  local hold = tonumber(redis.call('HGET', base .. 'holds', object) or '0')
  if hold > now() then return {'object-held', hold} end
  local permits, reserve = tonumber(ARGV[first + 2]), tonumber(ARGV[first + 4])
  local ours = redis.call('ZCARD', base .. 'permits')
  local foreign = redis.call('HLEN', base .. 'foreign-live')
  if ours >= permits - reserve or ours + foreign >= permits then return {'permits', -1} end
  return window_decision('', first)
end
`;

/** `refresh_line(object)`: after any change to a line, its place among the lines and its version. */
export const lineFunctions = `
local function refresh_line(object)
  local head = redis.call('ZRANGE', base .. 'line:' .. object, 0, 0, 'WITHSCORES')
  if head[1] then
    redis.call('ZADD', base .. 'lines', head[2], object)
  else
    redis.call('ZREM', base .. 'lines', object)
  end
  redis.call('HSET', base .. 'line-versions', object, stamp())
end
`;

/** `set_state(id, state)`: moves a load on, and with it its place in the indexes by state. */
export const stateFunction = `
local function set_state(id, state)
  local facts = redis.call('HMGET', base .. 'load:' .. id, 'state', 'acceptedAt')
  if facts[1] == state then return end
  redis.call('HSET', base .. 'load:' .. id, 'state', state)
  if facts[1] then redis.call('ZREM', base .. 'loads:state:' .. facts[1], id) end
  redis.call('ZADD', base .. 'loads:state:' .. state, facts[2], id)
  redis.call('SADD', base .. 'load-indexes', 'loads:state:' .. state)
end
`;

/**
 * `end_load(id, state, code, message, keep_seconds)`: takes a load out of line for good and lets
 * its keys expire. Needs `refresh_line`, brings `set_state`.
 */
export const endLoadFunction = `${stateFunction}
local function end_load(id, state, code, message, keep_seconds)
  local key = base .. 'load:' .. id
  local facts = redis.call('HMGET', key, 'objectKey', 'principal')
  local object = facts[1]
  set_state(id, state)
  redis.call('HSET', key, 'endedAt', string.format('%.0f', now()))
  redis.call('SREM', base .. 'pending:' .. facts[2], id)
  if code ~= '' then redis.call('HSET', key, 'reasonCode', code, 'reasonMessage', message) end
  redis.call('SREM', base .. 'outbox', id)
  redis.call('SADD', base .. 'ended', id)
  if state == 'complete' and redis.call('HEXISTS', key, 'run') == 1 then
    redis.call('SADD', base .. 'run-loads', id)
  end
  if redis.call('ZREM', base .. 'line:' .. object, id) == 1 then refresh_line(object) end
  redis.call('DEL', key .. ':returned')
  for _, suffix in ipairs({'', ':sources', ':parts', ':findings', ':bulk-jobs'}) do
    redis.call('EXPIRE', key .. suffix, keep_seconds)
  end
end
`;
