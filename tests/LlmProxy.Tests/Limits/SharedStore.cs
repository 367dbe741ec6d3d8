using LlmProxy.Limits;

namespace LlmProxy.Tests.Limits;

/// <summary>What all replicas share: says what it was told to say, else admits.</summary>
internal sealed class SharedStore : ISharedLimits, IDisposable
{
    private readonly SemaphoreSlim _asked = new(0);
    private int _seen;
    private int _count;

    public Queue<SharedAnswer?> Answers { get; } = new();

    public List<(long Tokens, long Units)> Settled { get; } = [];

    public bool IsConfigured => true;

    public bool IsUp { get; set; } = true;

    public bool HasRoomToGrow { get; set; } = true;

    public Spend? KeySpend { get; set; }

    /// <summary>The time on its clock when it answers.</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>Calls that were admitted without it, and that it will be told of.</summary>
    public int Followed { get; private set; }

    public LimitSubject Last { get; private set; }

    public int Asked => Volatile.Read(ref _count);

    public void Dispose() => _asked.Dispose();

    public void Next(Shortage shortage) => Answers.Enqueue(new SharedAnswer(null, shortage, default, default));

    public async Task WhenAsked(int times)
    {
        for (; _seen < times; _seen++)
        {
            Assert.True(await _asked.WaitAsync(Gates.Patience));
        }
    }

    public async ValueTask<SharedAnswer?> TryAdmitAsync(LimitSubject subject)
    {
        await Task.Yield();
        Last = subject;
        Interlocked.Increment(ref _count);
        SharedAnswer? answer = Answers.Count > 0
            ? Answers.Dequeue()
            : new SharedAnswer(new StoreHold(this), default, new RateReport(7, 1, default), new RateReport(9, 77, default)) { KeySpend = KeySpend, At = At };
        _asked.Release();
        return answer;
    }

    public Hold Follow(in LimitSubject subject, Hold local)
    {
        Followed++;
        return local;
    }

    private sealed class StoreHold(SharedStore store) : Hold
    {
        private bool _isOver;

        public override bool TryHold(long tokens, long costUnits) => store.HasRoomToGrow;

        public override void Settle(long tokens, long costUnits)
        {
            if (!_isOver)
            {
                _isOver = true;
                store.Settled.Add((tokens, costUnits));
            }
        }
    }
}
