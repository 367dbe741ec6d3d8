-- Calls are over: what they held is free, what they truly used is added, once however often this is sent.
-- KEYS: 1 until when calls are held, 2 what they hold, 3 those that expired. ARGV: for each call: id, units, tokens, when it ended.
local done = 0
for i = 1, #ARGV, 4 do
  local id, units, tokens, ended = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3])
  local held = redis.call('HGET', KEYS[2], id)
  local record, known = held, nil
  if held then
    redis.call('HDEL', KEYS[2], id)
    redis.call('ZREM', KEYS[1], id)
  else
    record, known = expired(id)
    if known then
      redis.call('HDEL', known, id)
    end
  end
  if record then
    record = cmsgpack.unpack(record)
    if held then
      release(record)
    end
    charge(record, units, tokens, ended)
    done = done + 1
  end
end
return done
