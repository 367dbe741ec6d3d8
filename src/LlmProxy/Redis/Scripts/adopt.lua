-- A call that a replica admitted by its own counters, or that Redis has lost: from now on it is held here, or, when it is over
-- already, what it used is added, once. Nothing is refused: it happened.
-- KEYS: 1 until when calls are held, 2 what they hold, 3 those that expired, 4 the mark that it was added, 5.. its holders.
-- ARGV: 1 id, 2 how long it is held; '0': it is over, 3 units, 4 tokens, 5 when it ended:
-- nothing is added to an account that was read from the books after this moment; then for each holder: 1 where tokens per
-- minute count and 2 more where it takes no place, period.
local id, lease = ARGV[1], tonumber(ARGV[2])
local record = { ARGV[3], ARGV[4], text(bucket) }
for i = 5, #KEYS do
  local a = 6 + (i - 5) * 2
  record[#record + 1] = KEYS[i]
  record[#record + 1] = tonumber(ARGV[a])
  record[#record + 1] = ARGV[a + 1]
end
local held = redis.call('HGET', KEYS[2], id)
if lease > 0 then
  if not held then
    hold(record)
    keep(id, record, lease)
    for i = 5, #KEYS do
      if redis.call('PTTL', KEYS[i]) < 600000 then
        redis.call('PEXPIRE', KEYS[i], 600000)
      end
    end
    redis.call('PEXPIRE', KEYS[1], FORGET_HELD)
    redis.call('PEXPIRE', KEYS[2], FORGET_HELD)
  end
  return 1
end
local old, known = held, nil
if held then
  release(cmsgpack.unpack(held))
  redis.call('HDEL', KEYS[2], id)
  redis.call('ZREM', KEYS[1], id)
else
  old, known = expired(id)
  if old then
    redis.call('HDEL', known, id)
  end
end
local cut = tonumber(ARGV[5])
if not old and cut > 0 then
  for i = 4, #record, 3 do
    local since = redis.call('HGET', record[i], 'since:' .. string.sub(record[i + 2], 1, 1))
    if since and tonumber(since) >= cut then
      record[i + 2] = ''
    end
  end
end
if redis.call('SET', KEYS[4], '1', 'NX', 'PX', 86400000) then
  charge(old and cmsgpack.unpack(old) or record, ARGV[3], ARGV[4], cut)
  return 1
end
return 0
