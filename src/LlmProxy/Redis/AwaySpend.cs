using LlmProxy.Limits;

namespace LlmProxy.Redis;

/// <summary>What calls have used that began and ended while Redis was away: one sum for each budget, however long that lasts.</summary>
internal sealed class AwaySpend
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Key, string Period), Sum> _sums = [];
    private readonly List<Sum> _unanswered = []; // Touched by the one renewal that runs at a time.

    public void Add(RedisHold hold, long tokens, long units, DateTimeOffset now)
    {
        if ((tokens | units) == 0)
        {
            return;
        }

        lock (_lock)
        {
            foreach (SharedHolder holder in hold.Holders)
            {
                if (!holder.HasBudget)
                {
                    continue;
                }

                (string, string) name = (holder.Key, holder.PeriodAt(hold.Since));
                if (!_sums.TryGetValue(name, out Sum? sum))
                {
                    sum = new Sum(Guid.CreateVersion7(), holder, hold.Since, now);
                    _sums.Add(name, sum);
                }

                sum.Spend = new Spend(sum.Spend.Units + units, sum.Spend.Tokens + tokens);
            }
        }
    }

    /// <summary>A sum that was sent keeps its name until Redis has answered: it is added once.</summary>
    public async ValueTask TellAsync(HeldCalls held)
    {
        while (Next() is { } sum)
        {
            SharedHolder[] holder = [sum.Holder with { Limits = default }];
            if (!await held.AdoptAsync(sum.Id, holder, sum.Since, sum.Spend, isOver: true, unlessReadAfter: sum.FirstSettled))
            {
                return;
            }

            _unanswered.RemoveAt(_unanswered.Count - 1);
        }
    }

    /// <summary>New sums are taken only when the ones before are told, so that no failure in between makes one more of each.</summary>
    private Sum? Next()
    {
        if (_unanswered.Count == 0)
        {
            lock (_lock)
            {
                _unanswered.AddRange(_sums.Values);
                _sums.Clear();
            }
        }

        return _unanswered.Count > 0 ? _unanswered[^1] : null;
    }

    private sealed class Sum(Guid id, SharedHolder holder, DateTimeOffset since, DateTimeOffset firstSettled)
    {
        public Guid Id => id;

        public SharedHolder Holder => holder;

        public DateTimeOffset Since => since;

        /// <summary>An account that was read from the books after this has it already.</summary>
        public DateTimeOffset FirstSettled => firstSettled;

        public Spend Spend { get; set; }
    }
}
