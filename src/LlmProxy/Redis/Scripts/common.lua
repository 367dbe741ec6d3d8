-- Stands before every script on limits. Redis' own time decides, for all replicas alike.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local BUCKET = 500 -- ms that are counted together
local WINDOW = 120 -- buckets in a minute
local FORGET_HELD = 86400000
local KNOWN_DAYS = 3 -- expired calls stay known for this long
local bucket = math.floor(now / BUCKET)
local day = math.floor(now / 86400000)

local function text(number)
  return string.format('%.0f', number)
end

-- Takes away from a sum that never goes below zero; nothing is left: nothing is kept.
local function decrease(key, field, amount)
  if tonumber(amount) == 0 then
    return -- "-0" is no number to Redis.
  end
  if redis.call('HINCRBY', key, field, '-' .. amount) <= 0 then
    redis.call('HDEL', key, field)
  end
end

-- Buckets that have left the minute are forgotten. Returns the minute's calls and tokens, and its first and last bucket.
local function window(key, calls, tokens, first, last)
  if not first or not last then
    return 0, 0, bucket, bucket
  end
  calls, tokens, first, last = tonumber(calls or 0), tonumber(tokens or 0), tonumber(first), tonumber(last)
  local gone = math.min(last, bucket - WINDOW - 1)
  if last - bucket > 2 * WINDOW then
    gone = last -- The clock was set back: what it counted cannot be told in its new time.
  end
  if first <= gone then
    local fields = {}
    for i = first, gone do
      fields[#fields + 1] = 'r' .. i
      fields[#fields + 1] = 'k' .. i
    end
    local counts = redis.call('HMGET', key, unpack(fields))
    for i = 1, #counts, 2 do
      calls = calls - tonumber(counts[i] or 0)
      tokens = tokens - tonumber(counts[i + 1] or 0)
    end
    redis.call('HDEL', key, unpack(fields))
    first = gone + 1
  end
  if first > last then
    return 0, 0, bucket, bucket
  end
  return math.max(calls, 0), math.max(tokens, 0), first, math.max(last, bucket)
end

-- True usage in place of what was reserved: less is given back where it was counted, more counts from now on.
local function adjust(key, at, tokens)
  local had = redis.call('HMGET', key, 'rs', 'ts', 'ro', 'rl')
  local calls, sum, first, last = window(key, had[1], had[2], had[3], had[4])
  if tokens < 0 then
    local there = tonumber(redis.call('HGET', key, 'k' .. at) or 0)
    if at < first or there == 0 then
      return
    end
    tokens = -math.min(-tokens, there)
  else
    at = last
  end
  redis.call('HINCRBY', key, 'k' .. at, text(tokens))
  redis.call('HSET', key, 'rs', text(calls), 'ts', text(math.max(sum + tokens, 0)), 'ro', text(first), 'rl', text(last))
end

-- A call's record: units, tokens, the bucket it was counted in, then for each holder: key, 1 where tokens per minute count and 2
-- more where it takes no place, period.
local function hold(record)
  for i = 4, #record, 3 do
    local key, period = record[i], record[i + 2]
    if record[i + 1] < 2 then
      redis.call('HINCRBY', key, 'n', 1)
    end
    if period ~= '' then
      redis.call('HINCRBY', key, 'hu:' .. period, record[1])
      redis.call('HINCRBY', key, 'ht:' .. period, record[2])
    end
  end
end

local function release(record)
  for i = 4, #record, 3 do
    local key, period = record[i], record[i + 2]
    if record[i + 1] < 2 then
      decrease(key, 'n', '1')
    end
    if period ~= '' then
      decrease(key, 'hu:' .. period, record[1])
      decrease(key, 'ht:' .. period, record[2])
    end
  end
end

-- What was missing here was added from the books, which had a call that ended then.
local function isAdded(key, period, ended)
  local at = redis.call('HGET', key, 'added:' .. period)
  return at and tonumber(at) >= ended
end

-- What it truly used goes to the period it was reserved in. An account that was lost is left to the books.
local function charge(record, units, tokens, ended)
  for i = 4, #record, 3 do
    local key, counts, period = record[i], record[i + 1], record[i + 2]
    if period ~= '' and not isAdded(key, period, ended) and redis.call('HEXISTS', key, 'u:' .. period) == 1 then
      redis.call('HINCRBY', key, 'u:' .. period, units)
      redis.call('HINCRBY', key, 't:' .. period, tokens)
    end
    if counts % 2 == 1 and tokens ~= record[2] then
      adjust(key, tonumber(record[3]), tonumber(tokens) - tonumber(record[2]))
    end
  end
end

-- Calls whose owner has not been heard of: no longer counted, still known. A few at a time; nobody waits for a thousand.
local function expire(most)
  local late = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', text(now), 'LIMIT', 0, most)
  for _, id in ipairs(late) do
    local record = redis.call('HGET', KEYS[2], id)
    if record then
      release(cmsgpack.unpack(record))
      local known = KEYS[3] .. day
      redis.call('HSET', known, id, record)
      redis.call('PEXPIRE', known, KNOWN_DAYS * 86400000)
      redis.call('HDEL', KEYS[2], id)
    end
    redis.call('ZREM', KEYS[1], id)
  end
end

-- The record of an expired call, and where it is kept.
local function expired(id)
  for age = 0, KNOWN_DAYS do
    local known = KEYS[3] .. (day - age)
    local record = redis.call('HGET', known, id)
    if record then
      return record, known
    end
  end
end

local function keep(id, record, lease)
  redis.call('HSET', KEYS[2], id, cmsgpack.pack(record))
  redis.call('ZADD', KEYS[1], text(now + lease), id)
end
