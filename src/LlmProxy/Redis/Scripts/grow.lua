-- A running call wants to hold more: as much of it as every budget has room for. KEYS: 1 until when calls are held, 2 what they
-- hold, 3 those that expired. ARGV: 1 id, 2 the last moment at which it may still be run, 3 units and 4 tokens: the whole it wants
-- to hold; then for each holder of its record: budget in units, in tokens.
-- Reply: what it holds now in units and tokens; nothing: it is not known here (any more).
if now > tonumber(ARGV[2]) then
  return 'L'
end
local packed = redis.call('HGET', KEYS[2], ARGV[1])
if not packed then
  return ''
end
local record = cmsgpack.unpack(packed)
local had, hadTokens = tonumber(record[1]), tonumber(record[2])
local more, moreTokens = math.max(tonumber(ARGV[3]) - had, 0), math.max(tonumber(ARGV[4]) - hadTokens, 0)
local wanted, wantedTokens = more, moreTokens
for i = 4, #record, 3 do
  local key, period, a = record[i], record[i + 2], 5 + (i - 4) / 3 * 2
  local mostUnits, mostTokens = tonumber(ARGV[a] or 0), tonumber(ARGV[a + 1] or 0)
  if period ~= '' and (mostUnits > 0 or mostTokens > 0) then
    local sums = redis.call('HMGET', key, 'u:' .. period, 't:' .. period, 'hu:' .. period, 'ht:' .. period)
    if mostUnits > 0 then
      more = math.min(more, math.max(mostUnits - tonumber(sums[1] or 0) - tonumber(sums[3] or 0), 0))
    end
    if mostTokens > 0 then
      moreTokens = math.min(moreTokens, math.max(mostTokens - tonumber(sums[2] or 0) - tonumber(sums[4] or 0), 0))
    end
  end
end
for i = 4, #record, 3 do
  local key, period = record[i], record[i + 2]
  if period ~= '' then
    redis.call('HINCRBY', key, 'hu:' .. period, text(more))
    redis.call('HINCRBY', key, 'ht:' .. period, text(moreTokens))
  end
  if record[i + 1] % 2 == 1 and moreTokens > 0 then
    adjust(key, bucket, moreTokens)
  end
end
if moreTokens > 0 then
  record[3] = text(bucket) -- What it does not use of them is given back where they were counted last.
end
record[1], record[2] = text(had + more), text(hadTokens + moreTokens)
redis.call('HSET', KEYS[2], ARGV[1], cmsgpack.pack(record))
return record[1] .. ' ' .. record[2] .. ' ' .. ((more < wanted or moreTokens < wantedTokens) and '0' or '1')
