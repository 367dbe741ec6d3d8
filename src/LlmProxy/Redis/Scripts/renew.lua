-- Their owner is alive: calls are held for longer. KEYS: 1 until when calls are held, 2 what they hold, 3 those that expired.
-- ARGV: 1 how long, then ids. Reply: indexes of the ids that nothing is known of (Redis was emptied, or has never heard of them).
local lease, unknown, touched = tonumber(ARGV[1]), {}, {}
for i = 2, #ARGV do
  local id = ARGV[i]
  local record = redis.call('HGET', KEYS[2], id)
  if not record then
    local known
    record, known = expired(id)
    if record then -- It was given up too early: it counts again.
      redis.call('HDEL', known, id)
      redis.call('HSET', KEYS[2], id, record)
      hold(cmsgpack.unpack(record))
    else
      unknown[#unknown + 1] = i - 2
    end
  end
  if record then
    redis.call('ZADD', KEYS[1], text(now + lease), id)
    record = cmsgpack.unpack(record)
    for h = 4, #record, 3 do
      touched[record[h]] = true
    end
  end
end
for key in pairs(touched) do
  if redis.call('PTTL', key) < 600000 then
    redis.call('PEXPIRE', key, 600000)
  end
end
redis.call('PEXPIRE', KEYS[1], FORGET_HELD)
redis.call('PEXPIRE', KEYS[2], FORGET_HELD)
expire(256)
return table.concat(unknown, ' ')
