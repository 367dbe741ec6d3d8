using System.Collections.Concurrent;
using System.Globalization;
using LlmProxy.Limits;
using StackExchange.Redis;

namespace LlmProxy.Redis;

/// <summary>
/// The calls of this process that hold something in Redis, or are to: renewed while they run, told anew to a Redis that was
/// emptied, settled once when they end.
/// </summary>
internal sealed class HeldCalls : IAsyncDisposable
{
    /// <summary>A process that is not heard of for so long is dead: what its calls hold is free again.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan GrowLife = TimeSpan.FromSeconds(1);
    private static readonly RedisScript Renew = RedisScript.Load("common", "renew");
    private static readonly RedisScript Adopt = RedisScript.Load("common", "adopt");
    private static readonly RedisScript Grow = RedisScript.Load("common", "grow");
    private const int RenewAtOnce = 200;

    private readonly RedisLink _link;
    private readonly SettleQueue _settling;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<Guid, RedisHold> _running = new();
    private readonly ConcurrentDictionary<Guid, bool> _unanswered = new();
    private readonly AwaySpend _away = new();
    private readonly ITimer _renewal;
    private int _isRenewing;

    public HeldCalls(RedisLink link, SettleQueue settling, TimeProvider time)
    {
        (_link, _settling, _time) = (link, settling, time);
        _renewal = time.CreateTimer(static held => ((HeldCalls)held!).OnRenewal(), this, RenewEvery, RenewEvery);
        link.CameUp += OnRenewal;
        settling.TellUnsure = ended => AdoptAsync(ended.Call, ended.Unsure!.Holders, ended.Unsure.Since, new Spend(ended.Units, ended.Tokens), isOver: true);
    }

    /// <summary>The three names that every script on held calls begins with.</summary>
    public static void NameKeys(RedisLink link, Span<RedisKey> keys)
    {
        keys[0] = link.Key("until");
        keys[1] = link.Key("held");
        keys[2] = link.Key("expired:");
    }

    public static string IdOf(Guid call) => call.ToString("D", CultureInfo.InvariantCulture);

    /// <summary>Redis has admitted the call.</summary>
    public Hold Add(AdmitQuestion question, AdmitReply reply)
    {
        LimitSubject subject = question.Subject;
        SharedHolder[] reserving = Array.FindAll(question.Holders, holder => holder.Reserves);
        return reserving.Length == 0 ? Hold.None : Register(new RedisHold(this, subject, reserving, DateTimeOffset.FromUnixTimeMilliseconds(reply.NowMs), null)
        {
            Told = Told.Surely,
            Room = RoomOf(question.Holders, reply.Spent, subject.CostUnits),
        });
    }

    /// <summary>This process has admitted the call while Redis was away: it is told when it is back.</summary>
    public Hold Follow(in LimitSubject subject, Hold local)
    {
        SharedHolder[] reserving = Array.FindAll(SharedHolder.Of(subject with { Llm = null }), holder => holder.Reserves);
        Told told = _unanswered.TryRemove(subject.CallId, out _) ? Told.Perhaps : Told.Not;
        return reserving.Length == 0 ? local : Register(new RedisHold(this, subject, reserving, _link.Clock.Now, local) { Told = told });
    }

    /// <summary>Redis was asked for the call and nothing was heard: it may have been admitted there all the same.</summary>
    public void IsUnanswered(in LimitSubject subject)
    {
        if (subject.NeedsStore)
        {
            _settling.Add(new Settlement(subject.CallId, 0, 0)); // It is refused: nothing may stay reserved for it.
        }
        else if (_unanswered.Count < Uptime.MostInFlight * 4)
        {
            _unanswered[subject.CallId] = true;
        }
    }

    /// <summary>Called by the hold itself, once.</summary>
    public void Settle(RedisHold hold, long tokens, long costUnits)
    {
        _running.TryRemove(hold.Id, out _);
        switch (hold.Told)
        {
            case Told.Surely:
                _settling.Add(new Settlement(hold.Id, costUnits, tokens));
                break;
            case Told.Perhaps:
                _settling.Add(new Settlement(hold.Id, costUnits, tokens) { Unsure = hold });
                break;
            default:
                _away.Add(hold, tokens, costUnits, _link.Clock.Now);
                break;
        }
    }

    /// <summary>Asks for more behind the call's back. Null: nothing was heard.</summary>
    public async ValueTask<(long Units, long Tokens, bool IsWhole)?> GrowAsync(RedisHold hold, long tokens, long units)
    {
        var keys = new RedisKey[3];
        NameKeys(_link, keys);
        var values = new RedisValue[4 + (hold.Holders.Length * 2)];
        values[0] = IdOf(hold.Id);
        values[1] = (_link.Clock.Now + GrowLife).ToUnixTimeMilliseconds();
        values[2] = units;
        values[3] = tokens;
        for (int i = 0; i < hold.Holders.Length; i++)
        {
            values[4 + (i * 2)] = hold.Holders[i].Budget.Units;
            values[5 + (i * 2)] = hold.Holders[i].Budget.Tokens;
        }

        if (await _link.TryEvaluateAsync(Grow, keys, values) is not { } said || ((string)said)?.Split(' ') is not [var held, var heldTokens, var isWhole])
        {
            return null;
        }

        return (long.Parse(held, CultureInfo.InvariantCulture), long.Parse(heldTokens, CultureInfo.InvariantCulture), isWhole == "1");
    }

    /// <summary>Tells Redis of a call as it is now, or of what one that is over has used.</summary>
    public async ValueTask<bool> AdoptAsync(Guid id, SharedHolder[] holders, DateTimeOffset since, Spend spend, bool isOver, DateTimeOffset? unlessReadAfter = null)
    {
        var keys = new RedisKey[4 + holders.Length];
        NameKeys(_link, keys);
        keys[3] = _link.Key($"told:{IdOf(id)}");
        var values = new RedisValue[5 + (holders.Length * 2)];
        values[0] = IdOf(id);
        values[1] = isOver ? 0 : (long)Lease.TotalMilliseconds;
        values[2] = spend.Units;
        values[3] = spend.Tokens;
        values[4] = unlessReadAfter?.ToUnixTimeMilliseconds() ?? 0;
        for (int i = 0; i < holders.Length; i++)
        {
            keys[4 + i] = _link.Key(holders[i].Key);
            values[5 + (i * 2)] = holders[i].Limits.TokensPerMinute > 0 ? 1 : 0;
            values[6 + (i * 2)] = holders[i].PeriodAt(since);
        }

        return await _link.TryEvaluateAsync(Adopt, keys, values) is not null;
    }

    public async ValueTask DisposeAsync()
    {
        _link.CameUp -= OnRenewal;
        await _renewal.DisposeAsync();
    }

    private RedisHold Register(RedisHold hold)
    {
        _running[hold.Id] = hold;
        return hold;
    }

    /// <summary>What is left under the tightest budget of money, as far as the last reply told.</summary>
    private static long RoomOf(SharedHolder[] holders, Spend[] spent, long reserved)
    {
        long room = long.MaxValue;
        for (int i = 0; i < holders.Length; i++)
        {
            if (holders[i].Budget.Units > 0)
            {
                room = Math.Min(room, holders[i].Budget.Units - spent[i].Units);
            }
        }

        return Math.Max(room, reserved);
    }

    private void OnRenewal() => _ = RenewAsync();

    private async Task RenewAsync()
    {
        if (Interlocked.Exchange(ref _isRenewing, 1) == 1)
        {
            return;
        }

        try
        {
            await _away.TellAsync(this);
            foreach (RedisHold[] some in _running.Values.Chunk(RenewAtOnce))
            {
                if (!_link.IsUp || !await RenewAsync(some))
                {
                    return; // Coming up renews again.
                }
            }
        }
        finally
        {
            Volatile.Write(ref _isRenewing, 0);
        }
    }

    private async ValueTask<bool> RenewAsync(RedisHold[] holds)
    {
        var keys = new RedisKey[3];
        NameKeys(_link, keys);
        var values = new RedisValue[1 + holds.Length];
        values[0] = (long)Lease.TotalMilliseconds;
        for (int i = 0; i < holds.Length; i++)
        {
            values[i + 1] = IdOf(holds[i].Id);
        }

        if (await _link.TryEvaluateAsync(Renew, keys, values) is not { } said)
        {
            return false;
        }

        foreach (string index in ((string)said ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            RedisHold hold = holds[int.Parse(index, CultureInfo.InvariantCulture)];
            if (hold.BeginTelling() is not { } now)
            {
                continue; // It has ended meanwhile.
            }

            if (!await AdoptAsync(hold.Id, hold.Holders, hold.Since, new Spend(now.Units, now.Tokens), isOver: false))
            {
                return false;
            }

            hold.IsTold();
        }

        return true;
    }
}
