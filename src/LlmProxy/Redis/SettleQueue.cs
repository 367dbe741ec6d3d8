namespace LlmProxy.Redis;

/// <summary>A call that is over, what it truly used, and when, on Redis' clock: what was read from the books after this has it already.</summary>
internal readonly record struct Settlement(Guid Call, long Units, long Tokens, DateTimeOffset EndedAt)
{
    /// <summary>Set where Redis may never have heard of the call: it is then told of it and of its end together.</summary>
    public RedisHold? Unsure { get; init; }
}

/// <summary>
/// Tells Redis what has ended: no call waits for it, many go in one step, and what is sent again counts once. It goes along
/// with the next call that is asked for, before it, so that this process's next call finds the room; alone where none comes.
/// </summary>
internal sealed class SettleQueue : IAsyncDisposable
{
    /// <summary>So long it waits for a call to go along with.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LastChance = TimeSpan.FromSeconds(2);
    private static readonly RedisScript Settle = RedisScript.Load("common", "settle");
    private const int MostAtOnce = 128;

    private readonly Lock _lock = new();
    private readonly Queue<Settlement> _unsure = new();
    private readonly RedisLink _link;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private List<Settlement> _ended = [];
    private int _onTheWay;
    private bool _isTimed;

    public SettleQueue(RedisLink link, TimeProvider time)
    {
        (_link, _time) = (link, time);
        _timer = time.CreateTimer(static queue => _ = ((SettleQueue)queue!).OnTimerAsync(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The adoption of calls that Redis may never have heard of; set by who knows how.</summary>
    public Func<Settlement, ValueTask<bool>>? TellUnsure { get; set; }

    private bool IsDone
    {
        get
        {
            lock (_lock)
            {
                return _ended.Count + _unsure.Count + _onTheWay == 0;
            }
        }
    }

    public void Add(in Settlement ended)
    {
        lock (_lock)
        {
            if (ended.Unsure is null)
            {
                _ended.Add(ended);
            }
            else
            {
                _unsure.Enqueue(ended);
            }

            Arm_NeedsLock(Soon);
        }
    }

    /// <summary>A question is about to be sent: what has ended goes out in the same write, before it.</summary>
    public void SendAlong()
    {
        if (TakeSome() is not { } some)
        {
            return;
        }

        using RedisCommand command = Write(some);
        if (!_link.TrySend(new Batch(this, some), command, isLast: false))
        {
            Heard(some, isTold: false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAny(DrainAsync(), Task.Delay(LastChance, _time)); // What is not told expires by itself; the books have it.
        await _timer.DisposeAsync();
    }

    private async Task DrainAsync()
    {
        while (!IsDone && _link.IsUp)
        {
            await TellAsync();
            await Task.Delay(Soon, _time);
        }
    }

    private async Task OnTimerAsync()
    {
        bool isTold = await TellAsync();
        lock (_lock)
        {
            _isTimed = false;
            if (_ended.Count + _unsure.Count > 0)
            {
                Arm_NeedsLock(isTold ? Soon : Retry);
            }
        }
    }

    private void Arm_NeedsLock(TimeSpan wait)
    {
        if (!_isTimed)
        {
            _isTimed = true;
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>All that is not told yet; false: Redis did not hear it.</summary>
    private async Task<bool> TellAsync()
    {
        while (TakeUnsure() is { } unsure)
        {
            if (!await TellUnsure!(unsure))
            {
                lock (_lock)
                {
                    _unsure.Enqueue(unsure);
                }

                return false;
            }
        }

        while (TakeSome() is { } some)
        {
            using RedisCommand command = Write(some);
            bool isTold = await _link.TryEvaluateAsync(Settle, command) is not null;
            Heard(some, isTold);
            if (!isTold)
            {
                return false;
            }
        }

        return true;
    }

    private Settlement? TakeUnsure()
    {
        lock (_lock)
        {
            return _unsure.TryDequeue(out Settlement unsure) ? unsure : null;
        }
    }

    private List<Settlement>? TakeSome()
    {
        lock (_lock)
        {
            if (_ended.Count == 0)
            {
                return null;
            }

            List<Settlement> some = _ended;
            _ended = [];
            if (some.Count > MostAtOnce)
            {
                _ended.AddRange(some[MostAtOnce..]);
                some.RemoveRange(MostAtOnce, some.Count - MostAtOnce);
            }

            _onTheWay++;
            return some;
        }
    }

    private RedisCommand Write(List<Settlement> some)
    {
        RedisCommand command = HeldCalls.NameKeys(_link, RedisCommand.Evaluate(Settle, HeldCalls.Keys));
        foreach (Settlement ended in some)
        {
            command.Add(ended.Call).Add(ended.Units).Add(ended.Tokens).Add(ended.EndedAt.ToUnixTimeMilliseconds());
        }

        return command;
    }

    private void Heard(List<Settlement> some, bool isTold)
    {
        lock (_lock)
        {
            _onTheWay--;
            if (!isTold)
            {
                _ended.AddRange(some);
                Arm_NeedsLock(Retry);
            }
        }
    }

    /// <summary>What went along with a call.</summary>
    private sealed class Batch(SettleQueue queue, List<Settlement> some) : Question
    {
        public override IThreadPoolWorkItem? Take(in Reply reply)
        {
            queue.Heard(some, reply.IsThere);
            return null;
        }
    }
}
