using LlmProxy.Limits;

namespace LlmProxy.Redis;

/// <summary>Whether Redis knows of a call.</summary>
internal enum Told
{
    Not,

    /// <summary>It was asked, and nothing was heard.</summary>
    Perhaps,
    Surely,
}

/// <summary>What one running call holds in Redis, grown ahead of the call so that nobody waits for it.</summary>
internal sealed class RedisHold : Hold
{
    private readonly Lock _lock = new();
    private readonly HeldCalls _owner;
    private readonly Hold? _local;
    private long _units;
    private long _tokens;
    private bool _isGrowing;
    private bool _isAtItsEnd;
    private bool _isSettled;

    /// <param name="owner">Where it is registered.</param>
    /// <param name="subject">What it reserved.</param>
    /// <param name="holders">Those that count what runs.</param>
    /// <param name="since">When, on Redis' clock: its period is that of its beginning.</param>
    /// <param name="local">Null: Redis has admitted it; else this process, and Redis may know of it or not.</param>
    public RedisHold(HeldCalls owner, in LimitSubject subject, SharedHolder[] holders, DateTimeOffset since, Hold? local)
    {
        (_owner, _local, Holders, Since, Id) = (owner, local, holders, since, subject.CallId);
        (_units, _tokens) = (subject.CostUnits, subject.Tokens);
        HasBudget = Array.Exists(holders, holder => holder.HasBudget);
        IsMetered = HasBudget || Array.Exists(holders, holder => holder.Limits.TokensPerMinute > 0);
    }

    public Guid Id { get; }

    public SharedHolder[] Holders { get; }

    public DateTimeOffset Since { get; }

    public required Told Told { get; set; }

    public bool HasBudget { get; }

    public override bool IsMetered { get; }

    /// <summary>While Redis is away it may grow so far: what was left when it was heard last.</summary>
    public long Room { get; init; } = long.MaxValue;

    public override bool TryHold(long tokens, long costUnits)
    {
        if (_local is not null)
        {
            lock (_lock)
            {
                (_units, _tokens) = (Math.Max(_units, costUnits), Math.Max(_tokens, tokens));
            }

            return _local.TryHold(tokens, costUnits);
        }

        if (!IsMetered)
        {
            return true;
        }

        bool isHeld;
        lock (_lock)
        {
            isHeld = tokens <= _tokens && costUnits <= _units;
            bool isEnough = tokens <= _tokens / 4 * 3 && costUnits <= _units / 4 * 3;
            if (isEnough || _isGrowing || _isAtItsEnd || _isSettled)
            {
                return isHeld || (!_isAtItsEnd && costUnits <= Room);
            }

            _isGrowing = true;
        }

        _ = GrowAsync(tokens * 2, costUnits * 2);
        return isHeld || costUnits <= Room;
    }

    public override void Settle(long tokens, long costUnits)
    {
        lock (_lock)
        {
            if (_isSettled)
            {
                return;
            }

            _isSettled = true;
        }

        _local?.Settle(tokens, costUnits);
        _owner.Settle(this, tokens, costUnits);
    }

    /// <summary>Redis is about to be told; null: the call has ended.</summary>
    public (long Units, long Tokens)? BeginTelling()
    {
        lock (_lock)
        {
            if (_isSettled)
            {
                return null;
            }

            Told = Told.Perhaps;
            return (_units, _tokens);
        }
    }

    public void IsTold()
    {
        lock (_lock)
        {
            Told = Told.Surely;
        }
    }

    private async Task GrowAsync(long tokens, long units)
    {
        (long Units, long Tokens, bool IsWhole)? grown = await _owner.GrowAsync(this, tokens, units);
        lock (_lock)
        {
            _isGrowing = false;
            if (grown is { } now)
            {
                (_units, _tokens) = (now.Units, now.Tokens);
                _isAtItsEnd = !now.IsWhole;
            }
        }
    }
}
