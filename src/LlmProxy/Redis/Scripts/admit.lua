-- May this call start? All its holders have room, or nothing is touched.
-- KEYS: 1 until when calls are held, 2 what they hold, 3 those that expired (a day's number follows), 4.. one for each holder.
-- ARGV: 1 id, 2 the last moment at which it may still be run, 3 how long it is held, 4 units, 5 tokens, 6 '1': its answer is
-- known, 7 and 8 the first days of this month and the next; then for each holder: calls, tokens per minute, parallel ('-1': it
-- takes no place), budget in units, in tokens, the period's letter.
-- Reply: L (too late), S (unknown spend: indexes of holders), R (refused), A (admitted); then Redis' time, the bucket, and for
-- each holder: shortage, wait, calls left, until all are, tokens left, until all are, running, spent units, spent tokens.
local HOLDERS, GIVEN, FIRST = 4, 6, 8
local id, lease, known = ARGV[1], tonumber(ARGV[3]), ARGV[6] == '1'
local units, tokens = tonumber(ARGV[4]), tonumber(ARGV[5])
if now > tonumber(ARGV[2]) then
  return 'L ' .. text(now)
end

local function period(letter)
  if letter == 'd' then
    return day, day + 1
  elseif letter == 'w' then
    local monday = day - (day + 3) % 7
    return monday, monday + 7
  elseif letter == 'm' then
    local first, following = tonumber(ARGV[7]), tonumber(ARGV[8])
    return day >= following and following or first, (day >= following and following or first) + 31
  end
  return 0, day + 400
end

-- A new period begins at nothing where all of it was seen here; only then is its spend known without the books.
local function begin(key, letter, first, since)
  if not since or tonumber(since) > first * 86400000 then
    return false
  end
  local old = {}
  for _, field in ipairs(redis.call('HKEYS', key)) do
    local start = string.match(field, '^%a+:' .. letter .. '(%d+)$')
    if start and tonumber(start) < first - 70 then
      old[#old + 1] = field
    end
  end
  if #old > 0 then
    redis.call('HDEL', key, unpack(old))
  end
  redis.call('HSET', key, 'u:' .. letter .. first, '0', 't:' .. letter .. first, '0')
  return true
end

-- When so many counts of the minute have gone that the call has room.
local function room(key, first, last, prefix, tooMany)
  local fields = {}
  for i = first, last do
    fields[#fields + 1] = prefix .. i
  end
  local counts = redis.call('HMGET', key, unpack(fields))
  for i, count in ipairs(counts) do
    tooMany = tooMany - tonumber(count or 0)
    if tooMany <= 0 then
      return (first + i + WINDOW) * BUCKET - now
    end
  end
  return (last + 1 + WINDOW) * BUCKET - now
end

expire(16)
local again = redis.call('HGET', KEYS[2], id)
if again then -- It was asked before, and the reply was lost.
  release(cmsgpack.unpack(again))
  redis.call('HDEL', KEYS[2], id)
  redis.call('ZREM', KEYS[1], id)
end

local holders, unknown, isFull = {}, {}, false
for i = HOLDERS, #KEYS do
  local key, a = KEYS[i], FIRST + (i - HOLDERS) * GIVEN
  local calls, perMinute, parallel = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
  local mostUnits, mostTokens, letter = tonumber(ARGV[a + 4]), tonumber(ARGV[a + 5]), ARGV[a + 6]
  local hasBudget = mostUnits > 0 or mostTokens > 0
  local first, ends = 0, day + 1
  if hasBudget then
    first, ends = period(letter)
  end
  local named = hasBudget and letter .. first or ''
  local had = redis.call('HMGET', key, 'rs', 'ts', 'ro', 'rl', 'r' .. bucket, 'k' .. bucket, 'n',
    'u:' .. named, 't:' .. named, 'hu:' .. named, 'ht:' .. named, 'since:' .. letter)
  if hasBudget and not had[8] then
    if begin(key, letter, first, had[12]) then
      had[8], had[9] = '0', '0'
    else
      unknown[#unknown + 1] = i - HOLDERS
    end
  end

  local sum, sumTokens, oldest, newest = window(key, had[1], had[2], had[3], had[4])
  local running, spent, spentTokens = tonumber(had[7] or 0), tonumber(had[8] or 0), tonumber(had[9] or 0)
  local held, heldTokens = tonumber(had[10] or 0), tonumber(had[11] or 0)
  local short, wait, rank = '-', 0, 0
  local function lacks(kind, itsRank, itsWait)
    if itsRank > rank or (itsRank == rank and itsWait > wait) then
      short, rank, wait = kind, itsRank, itsWait
    end
  end

  if parallel > 0 and running >= parallel then
    lacks('p', 1, 0)
  end
  if calls > 0 and sum >= calls then
    lacks('r', 3, room(key, oldest, newest, 'r', sum - calls + 1))
  end
  if perMinute > 0 and not known then
    local needs = math.max(tokens, 1) -- Whoever does not say how much it takes still needs a minute that is not used up.
    if needs > perMinute then
      lacks('l', 4, 0)
    elseif sumTokens + needs > perMinute then
      lacks('t', 3, room(key, oldest, newest, 'k', sumTokens + needs - perMinute))
    end
  end
  if hasBudget and not known then
    if mostUnits > 0 and (spent >= mostUnits or spent + units > mostUnits) then
      lacks('s', 4, 0)
    elseif mostUnits > 0 and (spent + held >= mostUnits or spent + held + units > mostUnits) then
      lacks('h', 2, 0)
    end
    if mostTokens > 0 and (spentTokens >= mostTokens or spentTokens + tokens > mostTokens) then
      lacks('S', 4, 0)
    elseif mostTokens > 0 and (spentTokens + heldTokens >= mostTokens or spentTokens + heldTokens + tokens > mostTokens) then
      lacks('H', 2, 0)
    end
  end

  isFull = isFull or rank > 0
  holders[#holders + 1] = {
    key = key, calls = calls, perMinute = perMinute, named = named, reserves = parallel > 0 or perMinute > 0 or hasBudget,
    sum = sum, sumTokens = sumTokens, oldest = oldest, newest = newest, at = newest,
    here = newest == bucket and tonumber(had[5] or 0) or tonumber(redis.call('HGET', key, 'r' .. newest) or 0),
    hereTokens = newest == bucket and tonumber(had[6] or 0) or tonumber(redis.call('HGET', key, 'k' .. newest) or 0),
    takesPlace = parallel >= 0, running = running, spent = had[8] or '0', spentTokens = had[9] or '0', held = held, heldTokens = heldTokens,
    short = short, wait = wait, isNew = not had[4] or tonumber(had[4]) ~= newest, ends = ends, hasBudget = hasBudget,
  }
end

if #unknown > 0 then
  return 'S ' .. text(now) .. ' ' .. table.concat(unknown, ' ')
end

if not isFull then
  local record = { ARGV[4], ARGV[5], text(bucket) }
  local isTouched = false
  for _, h in ipairs(holders) do
    local set = { 'rl', text(h.newest), 'ro', text(h.oldest) }
    if h.calls > 0 then
      h.sum = h.sum + 1
      set[#set + 1] = 'r' .. h.at
      set[#set + 1] = text(h.here + 1)
    end
    if h.perMinute > 0 and not known then
      h.sumTokens = h.sumTokens + tokens
      set[#set + 1] = 'k' .. h.at
      set[#set + 1] = text(h.hereTokens + tokens)
    end
    set[#set + 1] = 'rs'
    set[#set + 1] = text(h.sum)
    set[#set + 1] = 'ts'
    set[#set + 1] = text(h.sumTokens)
    if h.reserves then
      if h.takesPlace then
        h.running = h.running + 1
        set[#set + 1] = 'n'
        set[#set + 1] = text(h.running)
      end
      if h.named ~= '' then
        set[#set + 1] = 'hu:' .. h.named
        set[#set + 1] = text(h.held + units)
        set[#set + 1] = 'ht:' .. h.named
        set[#set + 1] = text(h.heldTokens + tokens)
      end
      record[#record + 1] = h.key
      record[#record + 1] = (h.perMinute > 0 and 1 or 0) + (h.takesPlace and 0 or 2)
      record[#record + 1] = h.named
    end
    redis.call('HSET', h.key, unpack(set))
    if h.isNew then
      isTouched = true
      redis.call('PEXPIRE', h.key, text(h.hasBudget and (h.ends + 3) * 86400000 - now or 600000))
    end
  end
  if #record > 3 then
    keep(id, record, lease)
    if isTouched then
      redis.call('PEXPIRE', KEYS[1], FORGET_HELD)
      redis.call('PEXPIRE', KEYS[2], FORGET_HELD)
    end
  end
end

local reply = { isFull and 'R' or 'A', text(now), text(bucket) }
for _, h in ipairs(holders) do
  local whole = h.sum + h.sumTokens > 0 and (h.newest + 1 + WINDOW) * BUCKET - now or 0
  reply[#reply + 1] = table.concat({
    h.short, text(math.max(h.wait, 0)), text(math.max(h.calls - h.sum, 0)), text(whole), text(math.max(h.perMinute - h.sumTokens, 0)), text(whole),
    text(h.running), h.spent, h.spentTokens }, ' ')
end
return table.concat(reply, ' ')
