-- Can Redis be written to, and what time is it there? KEYS: our own key. ARGV: its life in ms.
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
local time = redis.call('TIME')
return time[1] * 1000 + math.floor(time[2] / 1000)
