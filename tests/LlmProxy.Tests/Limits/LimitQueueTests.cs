using LlmProxy.Limits;
using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Limits;

public sealed class LimitQueueTests : IDisposable
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30); // Of the real clock, so that a lost call fails instead of hanging.
    private readonly FakeTimeProvider _time = new();
    private readonly LimitGate _gate;

    public LimitQueueTests() => _gate = new LimitGate(_time);

    public void Dispose() => _gate.Dispose();

    [Fact]
    public async Task Waiting_PlaceComesFree_GoesToTheFirstInLine()
    {
        LimitSubject subject = Gateway(parallel: 1);
        LimitDecision running = await Reserve(subject);
        Task<LimitDecision> first = Reserve(subject);
        Task<LimitDecision> second = Reserve(subject);
        Assert.False(first.IsCompleted);

        _time.Advance(TimeSpan.FromMilliseconds(1500));
        running.Hold.Dispose();

        LimitDecision admitted = await Soon(first);
        Assert.True(admitted.IsAdmitted);
        Assert.Equal(1500, admitted.WaitedMs);
        Assert.False(second.IsCompleted);
        admitted.Hold.Dispose();
        Assert.True((await Soon(second)).IsAdmitted);
        Assert.Equal(0, _gate.Waiting);
    }

    [Fact]
    public async Task Waiting_MinuteSlides_IsAdmittedByTheClockAlone()
    {
        LimitSubject subject = Gateway(rpm: 2);
        await Reserve(subject);
        _time.Advance(TimeSpan.FromSeconds(5));
        await Reserve(subject);
        Task<LimitDecision> third = Reserve(subject);
        Task<LimitDecision> fourth = Reserve(subject);

        _time.Advance(TimeSpan.FromSeconds(54.9));
        Assert.False(third.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(55_000, (await Soon(third)).WaitedMs);
        Assert.False(fourth.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.True((await Soon(fourth)).IsAdmitted);
    }

    [Fact]
    public async Task Waiting_NewcomerWithALaterTurn_DoesNotDelayTheFirst()
    {
        LimitSubject slow = new() { Key = "slow", KeyLimits = new LimitNumbers(1, 0), MaxWait = MaxWait };
        LimitSubject quick = slow with { Key = "quick" };
        await Reserve(quick);
        _time.Advance(TimeSpan.FromSeconds(30));
        await Reserve(slow);
        _time.Advance(TimeSpan.FromSeconds(1));
        Task<LimitDecision> quickNext = Reserve(quick);
        Task<LimitDecision> slowNext = Reserve(slow);

        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.True((await Soon(quickNext)).IsAdmitted);
        Assert.False(slowNext.IsCompleted);
    }

    [Fact]
    public async Task Waiting_OneKeyIsFull_OthersPass()
    {
        LimitSubject full = new() { Key = "full", KeyLimits = new LimitNumbers(0, 1), Gateway = new LimitNumbers(0, 2), MaxWait = MaxWait };
        LimitSubject other = full with { Key = "other" };
        await Reserve(full);
        Task<LimitDecision> waiting = Reserve(full);

        Task<LimitDecision> passing = Reserve(other);

        Assert.True(passing.IsCompletedSuccessfully);
        Assert.False(waiting.IsCompleted);
    }

    [Fact]
    public async Task Waiting_TimeIsUp_IsRefusedWithWhatItLacked()
    {
        LimitSubject subject = Gateway(parallel: 1) with { MaxWait = TimeSpan.FromSeconds(3) };
        await Reserve(subject);
        Task<LimitDecision> waiting = Reserve(subject);

        _time.Advance(TimeSpan.FromSeconds(3));

        LimitDecision refused = await Soon(waiting);
        Assert.Equal(ErrorCode.TooManyParallelRequests, refused.Refusal!.Code);
        Assert.Equal(3000, refused.WaitedMs);
        Assert.Equal(0, _gate.Waiting);
    }

    [Fact]
    public async Task Waiting_ItsTurnComesAfterItsTime_IsRefusedAtOnce()
    {
        LimitSubject subject = Gateway(rpm: 1) with { MaxWait = TimeSpan.FromSeconds(10) };
        await Reserve(subject);

        Task<LimitDecision> refused = Reserve(subject);

        Assert.True(refused.IsCompletedSuccessfully);
        Assert.Equal(TimeSpan.FromSeconds(60), (await refused).Refusal!.RetryAfter);
    }

    [Fact]
    public async Task Waiting_ClientLeaves_GivesItsTurnToTheNext()
    {
        LimitSubject subject = Gateway(parallel: 1);
        LimitDecision running = await Reserve(subject);
        using var client = new CancellationTokenSource();
        Task<LimitDecision> gone = _gate.ReserveAsync(subject, client.Token).AsTask();
        Task<LimitDecision> next = Reserve(subject);

        await client.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        running.Hold.Dispose();

        Assert.True((await Soon(next)).IsAdmitted);
    }

    [Fact]
    public async Task Waiting_ClientHadLeftBefore_NeverStandsInLine()
    {
        LimitSubject subject = Gateway(parallel: 1);
        await Reserve(subject);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _gate.ReserveAsync(subject, new CancellationToken(canceled: true)).AsTask());
        Assert.Equal(0, _gate.Waiting);
    }

    [Fact]
    public async Task Queue_Full_RefusesTheNextAtOnce()
    {
        LimitSubject subject = Gateway(parallel: 1);
        await Reserve(subject);
        Task<LimitDecision>[] waiting = [.. Enumerable.Range(0, LimitGate.MaxWaiting).Select(_ => Reserve(subject))];

        Assert.Equal(ErrorCode.TooManyParallelRequests, (await Reserve(subject)).Refusal!.Code);

        _time.Advance(MaxWait);
        Assert.All(await Task.WhenAll(waiting).WaitAsync(Patience), decision => Assert.False(decision.IsAdmitted));
    }

    /// <summary>Callers that wait, leave and end at random moments on several threads: nobody is forgotten and no place is lost.</summary>
    [Fact]
    public async Task Waiting_ManyCallersComeAndGo_NobodyIsForgotten()
    {
        LimitSubject subject = Gateway(parallel: 3);
        int running = 0;
        int peak = 0;
        await Task.WhenAll(Enumerable.Range(0, 400).Select(number => Task.Run(async () =>
        {
            using var client = new CancellationTokenSource();
            ValueTask<LimitDecision> turn = _gate.ReserveAsync(subject, client.Token);
            if (number % 5 == 0)
            {
                await client.CancelAsync();
            }

            try
            {
                using Hold reservation = (await turn).Hold;
                int now = Interlocked.Increment(ref running);
                InterlockedMax(ref peak, now);
                await Task.Yield();
                Interlocked.Decrement(ref running);
            }
            catch (OperationCanceledException) when (number % 5 == 0)
            {
                // It left the line.
            }
        }))).WaitAsync(Patience);

        Assert.InRange(peak, 1, 3);
        Assert.Equal(0, _gate.Waiting);
        Assert.True((await Reserve(subject)).IsAdmitted);
        Assert.True((await Reserve(subject)).IsAdmitted);
        Assert.True((await Reserve(subject)).IsAdmitted);
        Assert.False(Reserve(subject).IsCompleted);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }

    private static Task<LimitDecision> Soon(Task<LimitDecision> turn) => turn.WaitAsync(Patience);

    private Task<LimitDecision> Reserve(in LimitSubject subject) => _gate.ReserveAsync(subject, CancellationToken.None).AsTask();

    private static LimitSubject Gateway(int rpm = 0, int parallel = 0) =>
        new() { Gateway = new LimitNumbers(rpm, parallel), MaxWait = MaxWait };
}
