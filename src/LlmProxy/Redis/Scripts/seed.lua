-- What the books say a period has cost. KEYS: 1 the holder. ARGV: 1 the period's letter, 2 its first day, 3 units, 4 tokens,
-- 5 '1': only where nothing is known yet; else what is missing is added, 6 how long it is kept, 7 when the books had what is
-- added: calls that ended earlier are in it.
local named = ARGV[1] .. ARGV[2]
if ARGV[5] == '1' then
  redis.call('HSETNX', KEYS[1], 'u:' .. named, ARGV[3])
  redis.call('HSETNX', KEYS[1], 't:' .. named, ARGV[4])
  redis.call('HSETNX', KEYS[1], 'since:' .. ARGV[1], text(now))
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[6]) then
    redis.call('PEXPIRE', KEYS[1], ARGV[6])
  end
elseif redis.call('HEXISTS', KEYS[1], 'u:' .. named) == 1 and ARGV[3] .. ARGV[4] ~= '00' then
  redis.call('HSET', KEYS[1], 'added:' .. named, ARGV[7])
  redis.call('HINCRBY', KEYS[1], 'u:' .. named, ARGV[3])
  redis.call('HINCRBY', KEYS[1], 't:' .. named, ARGV[4])
end
local spent = redis.call('HMGET', KEYS[1], 'u:' .. named, 't:' .. named)
return (spent[1] or '0') .. ' ' .. (spent[2] or '0')
