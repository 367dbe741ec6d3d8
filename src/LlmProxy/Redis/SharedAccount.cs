using LlmProxy.Limits;

namespace LlmProxy.Redis;

/// <summary>One budget as it was last heard of.</summary>
internal sealed class SharedAccount
{
    private readonly Lock _lock = new();
    private SharedHolder _holder;
    private Spend _spent;
    private Spend _missed;
    private string _missedIn = "";
    private DateTimeOffset _missedAt;
    private long _heardAt;

    public SharedHolder Holder
    {
        get
        {
            lock (_lock)
            {
                return _holder;
            }
        }
    }

    public void Hear(in SharedHolder holder, Spend spent, long nowMs)
    {
        lock (_lock)
        {
            (_holder, _spent, _heardAt) = (holder, spent, nowMs);
        }
    }

    /// <summary>Null: nothing was heard of this period.</summary>
    public Spend? In(string period)
    {
        lock (_lock)
        {
            return _holder.PeriodAt(DateTimeOffset.FromUnixTimeMilliseconds(_heardAt)) == period ? _spent : null;
        }
    }

    /// <summary>Of what is missing now that part which was missing last time too, and when that was.</summary>
    public (Spend Missing, DateTimeOffset Since) Misses(string period, Spend now, DateTimeOffset at)
    {
        lock (_lock)
        {
            Spend before = _missedIn == period ? _missed : default;
            var both = new Spend(Math.Max(0, Math.Min(before.Units, now.Units)), Math.Max(0, Math.Min(before.Tokens, now.Tokens)));
            DateTimeOffset since = _missedAt;
            (_missedAt, _missed, _missedIn) = (at, new Spend(now.Units - both.Units, now.Tokens - both.Tokens), period);
            return (both, since);
        }
    }
}
