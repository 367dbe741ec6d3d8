using LlmProxy.Limits;
using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Limits;

public sealed class LimitGateTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly LimitGate _gate;

    public LimitGateTests() => _gate = new LimitGate(_time);

    public void Dispose() => _gate.Dispose();

    [Fact]
    public void Reserve_NoLimits_CostsNoAllocationAndRemembersNothing()
    {
        LimitSubject subject = new() { Key = "ci", Workspace = "team" };
        Admit(subject);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            Admit(subject).Hold.Dispose();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, _gate.Remembered);
    }

    [Fact]
    public void Reserve_MinuteIsUsedUp_RefusesWithARetryAfterThatPasses()
    {
        LimitSubject subject = Key("ci", rpm: 2);
        Admit(subject);
        _time.Advance(TimeSpan.FromSeconds(10.5));
        LimitDecision last = Admit(subject);
        Assert.Equal(new RateReport(2, 0, TimeSpan.FromMinutes(1)), last.Rate);

        LimitDecision refused = Admit(subject);

        Assert.Equal(ErrorCode.RateLimitExceeded, refused.Refusal!.Code);
        Assert.Equal(TimeSpan.FromSeconds(50), refused.Refusal.RetryAfter); // 49.5, in the whole seconds of the header.
        Assert.Contains("key 'ci'", refused.Refusal.Message, StringComparison.Ordinal);
        Assert.Equal(0, refused.Rate.Remaining);
        _time.Advance(refused.Refusal.RetryAfter!.Value);
        Assert.True(Admit(subject).IsAdmitted);
    }

    [Fact]
    public void Reserve_RefusedOften_DoesNotPushTheNextTurnAway()
    {
        LimitSubject subject = Key("ci", rpm: 1);
        Admit(subject);
        for (int i = 0; i < 59; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.False(Admit(subject).IsAdmitted);
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(Admit(subject).IsAdmitted);
    }

    [Fact]
    public void Reserve_OneOfThreeIsFull_TouchesNoneOfThem()
    {
        LimitSubject subject = new()
        {
            Gateway = new LimitNumbers(10, 10),
            Workspace = "team",
            WorkspaceLimits = new LimitNumbers(10, 10),
            Key = "full",
            KeyLimits = new LimitNumbers(0, 1),
        };
        LimitDecision running = Admit(subject);

        Assert.Equal(ErrorCode.TooManyParallelRequests, Admit(subject).Refusal!.Code);

        LimitDecision other = Admit(subject with { Key = "other" });
        Assert.Equal(8, other.Rate.Remaining); // Two were admitted; the refused one left no trace.
        running.Hold.Dispose();
        Assert.True(Admit(subject).IsAdmitted);
    }

    [Fact]
    public void Reserve_SeveralLimits_ReportsTheTightest()
    {
        LimitDecision decision = Admit(new LimitSubject
        {
            Gateway = new LimitNumbers(100, 0),
            Workspace = "team",
            WorkspaceLimits = new LimitNumbers(5, 0),
            Key = "ci",
            KeyLimits = new LimitNumbers(0, 7),
        });

        Assert.Equal((5, 4), (decision.Rate.Limit, decision.Rate.Remaining));
    }

    [Fact]
    public void Reserve_TwoRatesAreFull_AdvisesTheLongerWait()
    {
        LimitSubject subject = new() { Gateway = new LimitNumbers(1, 0), Key = "ci", KeyLimits = new LimitNumbers(1, 0) };
        Admit(subject with { Gateway = default });
        _time.Advance(TimeSpan.FromSeconds(20));
        Admit(subject with { Key = "other" });

        Assert.Equal(TimeSpan.FromSeconds(60), Admit(subject).Refusal!.RetryAfter);
    }

    [Fact]
    public void Reserve_SameNameAsKeyAndWorkspace_AreTwoHolders()
    {
        Admit(Key("same", rpm: 1));

        Assert.True(Admit(new LimitSubject { Workspace = "same", WorkspaceLimits = new LimitNumbers(1, 0) }).IsAdmitted);
    }

    [Fact]
    public void Reserve_NumbersChange_KeepsWhatWasCounted()
    {
        Admit(Key("ci", rpm: 10));
        Admit(Key("ci", rpm: 10));

        Assert.False(Admit(Key("ci", rpm: 2)).IsAdmitted);
        Assert.True(Admit(Key("ci", rpm: 3)).IsAdmitted);
        Assert.False(Admit(Key("ci", parallel: 3)).IsAdmitted);
    }

    [Fact]
    public void Reservation_DisposedTwice_GivesBackOnce()
    {
        LimitSubject subject = Key("ci", parallel: 2);
        LimitDecision first = Admit(subject);
        Admit(subject);
        first.Hold.Dispose();
        first.Hold.Dispose();

        Assert.True(Admit(subject).IsAdmitted);
        Assert.False(Admit(subject).IsAdmitted);
    }

    [Fact]
    public void Gate_KeyFallsSilent_ForgetsItWithinMinutes()
    {
        Admit(Key("gone", rpm: 5)).Hold.Dispose();
        LimitDecision running = Admit(Key("busy", rpm: 5));
        _time.Advance(TimeSpan.FromMinutes(2));
        Admit(Key("other", rpm: 5));
        Assert.Equal(2, _gate.Remembered);

        running.Hold.Dispose();
        Assert.True(Admit(Key("busy", rpm: 5)).IsAdmitted);
    }

    /// <summary>Many threads at once: never more running than allowed, every place comes back, the minute is used to the last call.</summary>
    [Fact]
    public async Task Reserve_ManyThreads_NeverPassesALimitAndLosesNoPlace()
    {
        const int Threads = 8;
        const int Each = 3000;
        LimitSubject subject = new()
        {
            Gateway = new LimitNumbers(0, 5),
            Workspace = "team",
            WorkspaceLimits = new LimitNumbers(10_000, 0),
        };
        int running = 0;
        int admitted = 0;
        int tooMany = 0;
        int refusedByRate = 0;
        using var start = new Barrier(Threads);
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(
            () =>
            {
                LimitSubject mine = subject with { Key = $"key-{thread % 3}", KeyLimits = new LimitNumbers(0, 2) };
                start.SignalAndWait();
                for (int i = 0; i < Each; i++)
                {
                    LimitDecision decision = Admit(mine);
                    if (!decision.IsAdmitted)
                    {
                        Interlocked.Add(ref refusedByRate, decision.Refusal!.Code == ErrorCode.RateLimitExceeded ? 1 : 0);
                        continue;
                    }

                    Interlocked.Add(ref tooMany, Interlocked.Increment(ref running) > 5 ? 1 : 0);
                    Interlocked.Increment(ref admitted);
                    Thread.Yield();
                    Interlocked.Decrement(ref running);
                    decision.Hold.Dispose();
                }
            },
            TaskCreationOptions.LongRunning)));

        Assert.Equal(0, tooMany);
        Assert.InRange(admitted, 1, 10_000);
        Assert.True(refusedByRate == 0 || admitted == 10_000);
        _time.Advance(TimeSpan.FromMinutes(1));
        LimitSubject free = subject with { Key = "key-0", KeyLimits = new LimitNumbers(0, 2) };
        Assert.True(Admit(free).IsAdmitted);
        Assert.True(Admit(free).IsAdmitted);
        Assert.False(Admit(free).IsAdmitted); // Exactly two places: none was lost, none was given twice.
    }

    private LimitDecision Admit(in LimitSubject subject)
    {
        ValueTask<LimitDecision> task = _gate.ReserveAsync(subject, CancellationToken.None);
        return task.IsCompletedSuccessfully ? task.Result : throw new InvalidOperationException("The call waits.");
    }

    private static LimitSubject Key(string name, int rpm = 0, int parallel = 0) =>
        new() { Key = name, KeyLimits = new LimitNumbers(rpm, parallel) };
}
