using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using LlmProxy.Limits;

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
    private const int MostUnanswered = 2048;

    /// <summary>How many names those are.</summary>
    public const int Keys = 3;

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
        settling.TellUnsure = ended => AdoptAsync(ended.Call, ended.Unsure!.Holders, ended.Unsure.Since, new Spend(ended.Units, ended.Tokens), isOver: true, unlessReadAfter: ended.EndedAt);
    }

    /// <summary>The names that every script on held calls begins with.</summary>
    public static RedisCommand NameKeys(RedisLink link, RedisCommand command) =>
        command.Add(link.Prefix, "until").Add(link.Prefix, "held").Add(link.Prefix, "expired:");

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
            _settling.Add(new Settlement(subject.CallId, 0, 0, _link.Clock.Now)); // It is refused: nothing may stay reserved for it.
        }
        else
        {
            if (_unanswered.Count >= MostUnanswered)
            {
                _unanswered.Clear(); // Calls that were refused here as well; what they hold there expires.
            }

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
                _settling.Add(new Settlement(hold.Id, costUnits, tokens, _link.Clock.Now));
                break;
            case Told.Perhaps:
                _settling.Add(new Settlement(hold.Id, costUnits, tokens, _link.Clock.Now) { Unsure = hold });
                break;
            default:
                _away.Add(hold, tokens, costUnits, _link.Clock.Now);
                break;
        }
    }

    /// <summary>Asks for more behind the call's back. Null: nothing was heard.</summary>
    public async ValueTask<(long Units, long Tokens, bool IsWhole)?> GrowAsync(RedisHold hold, long tokens, long units)
    {
        using RedisCommand command = NameKeys(_link, RedisCommand.Evaluate(Grow, Keys))
            .Add(hold.Id)
            .Add((_link.Clock.Now + GrowLife).ToUnixTimeMilliseconds())
            .Add(units)
            .Add(tokens);
        foreach (SharedHolder holder in hold.Holders)
        {
            command.Add(holder.Budget.Units).Add(holder.Budget.Tokens);
        }

        if (await _link.TryEvaluateAsync(Grow, command) is not { } said || Encoding.ASCII.GetString(said).Split(' ') is not [var held, var heldTokens, var isWhole])
        {
            return null;
        }

        return (long.Parse(held, CultureInfo.InvariantCulture), long.Parse(heldTokens, CultureInfo.InvariantCulture), isWhole == "1");
    }

    /// <summary>Tells Redis of a call as it is now, or of what one that is over has used.</summary>
    public async ValueTask<bool> AdoptAsync(Guid id, SharedHolder[] holders, DateTimeOffset since, Spend spend, bool isOver, DateTimeOffset? unlessReadAfter = null)
    {
        using RedisCommand command = NameKeys(_link, RedisCommand.Evaluate(Adopt, Keys + 1 + holders.Length))
            .Add(_link.Prefix, $"told:{id}");
        foreach (SharedHolder holder in holders)
        {
            command.Add(_link.Prefix, holder.Key);
        }

        command.Add(id)
            .Add(isOver ? 0 : (long)Lease.TotalMilliseconds)
            .Add(spend.Units)
            .Add(spend.Tokens)
            .Add(unlessReadAfter?.ToUnixTimeMilliseconds() ?? 0);
        foreach (SharedHolder holder in holders)
        {
            command.Add((holder.Limits.TokensPerMinute > 0 ? 1 : 0) + (holder.TakesNoPlace ? 2 : 0)).Add(holder.PeriodAt(since));
        }

        return await _link.TryEvaluateAsync(Adopt, command) is not null;
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
            if (!_link.IsUp)
            {
                return; // Nothing is sent, so nothing that was summed up gets a name that it must keep.
            }

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
        using RedisCommand command = NameKeys(_link, RedisCommand.Evaluate(Renew, Keys)).Add((long)Lease.TotalMilliseconds);
        foreach (RedisHold hold in holds)
        {
            command.Add(hold.Id);
        }

        if (await _link.TryEvaluateAsync(Renew, command) is not { } said)
        {
            return false;
        }

        foreach (string index in Encoding.ASCII.GetString(said).Split(' ', StringSplitOptions.RemoveEmptyEntries))
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
