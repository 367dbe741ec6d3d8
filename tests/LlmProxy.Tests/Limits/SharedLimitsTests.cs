using LlmProxy.Configuration.Options;
using LlmProxy.Limits;
using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Limits;

/// <summary>The gate where a store judges for all replicas: what it admits, what it refuses, and what happens without it.</summary>
public sealed class SharedLimitsTests : IDisposable
{
    private static readonly LimitSubject Subject = new()
    {
        Key = "ci",
        Workspace = "team",
        KeyLimits = new LimitNumbers(3, 2, 1000),
        KeyBudget = new BudgetNumbers(100, 0, BudgetPeriod.Month),
        Tokens = 100,
        CostUnits = 10,
    };

    private readonly FakeTimeProvider _time = new();
    private readonly SharedStore _store = new();
    private readonly LimitGate _gate;

    public SharedLimitsTests() => _gate = new LimitGate(_time, _store);

    public void Dispose()
    {
        _gate.Dispose();
        _store.Dispose();
    }

    [Fact]
    public async Task Store_Admits_ItsHoldIsTheCallsAndItIsCountedHereToo()
    {
        LimitDecision decision = await _gate.Reserve(Subject).Soon();

        Assert.Equal((7, 9, 77L), (decision.Rate.Limit, decision.Tokens.Limit, decision.Tokens.Remaining));
        Assert.True(decision.Hold.TryHold(200, 20));
        Assert.Equal(20, _gate.KeyBudget(Subject).Held.Units);
        _store.HasRoomToGrow = false;
        Assert.False(decision.Hold.TryHold(300, 30));
        Assert.Equal(20, _gate.KeyBudget(Subject).Held.Units);
        decision.Hold.Settle(150, 15);
        decision.Hold.Dispose();

        Assert.Equal([(150, 15)], _store.Settled);
        Assert.Equal((15, 0L), (_gate.KeyBudget(Subject).Spent.Units, _gate.KeyBudget(Subject).Held.Units));
    }

    [Fact]
    public async Task Store_Refuses_IsTheAnswer()
    {
        _store.Next(new Shortage(ShortageKind.Requests, 3, TimeSpan.FromSeconds(7)) { Owner = Shortage.OwnerKey, Name = "ci" });

        LimitDecision refused = await _gate.Reserve(Subject).Soon();

        Assert.Equal((ErrorCode.RateLimitExceeded, TimeSpan.FromSeconds(7)), (refused.Refusal!.Code, refused.Refusal.RetryAfter));
        Assert.Equal(0, _store.Asked - 1);
        Assert.Equal(default, _gate.KeyBudget(Subject).Held);
    }

    [Fact]
    public async Task Store_GoesAway_GoesOnFromWhatWasAdmitted()
    {
        LimitDecision first = await _gate.Reserve(Subject).Soon();
        await _gate.Reserve(Subject).Soon();
        _store.IsUp = false;

        LimitDecision third = await _gate.Reserve(Subject).Soon();
        Assert.Equal(ErrorCode.TooManyParallelRequests, third.Refusal!.Code); // By its own count of two running.
        first.Hold.Settle(1, 1);
        Assert.True((await _gate.Reserve(Subject).Soon()).IsAdmitted);
        Assert.Equal((2, 1), (_store.Asked, _store.Followed));
    }

    [Fact]
    public async Task Store_DiesWhileItIsAsked_TheCallIsJudgedHere()
    {
        _store.Answers.Enqueue(null);

        Assert.True((await _gate.Reserve(Subject).Soon()).IsAdmitted);
    }

    [Fact]
    public async Task Store_Away_KeepsWhatAllReplicasHadSpent()
    {
        (_store.KeySpend, _store.At) = (new Spend(95, 0), _time.GetUtcNow());
        await _gate.Reserve(Subject with { CostUnits = 1 }).Soon();
        _store.IsUp = false;

        Assert.Equal(ErrorCode.InsufficientQuota, (await _gate.Reserve(Subject).Soon()).Refusal!.Code);
    }

    [Fact]
    public async Task Store_WhoseClockIsStillInTheLastPeriod_TellsNothingOfThisOne()
    {
        (_store.KeySpend, _store.At) = (new Spend(95, 0), _time.GetUtcNow().AddMilliseconds(-10));
        await _gate.Reserve(Subject with { CostUnits = 1 }).Soon();
        _store.IsUp = false;

        Assert.True((await _gate.Reserve(Subject).Soon()).IsAdmitted);
    }

    [Fact]
    public async Task Store_AwayAndTheOperatorWantsRefusal_Is503ThatNamesRedis()
    {
        _store.IsUp = false;

        GatewayError refusal = (await _gate.Reserve(Subject with { NeedsStore = true }).Soon()).Refusal!;

        Assert.Equal((503, TimeSpan.FromSeconds(1), "store"), (refusal.Status, refusal.RetryAfter, refusal.LimitedBy));
        Assert.Contains("Redis", refusal.Message, StringComparison.Ordinal);
        Assert.True((await _gate.Reserve(new LimitSubject { Key = "free", NeedsStore = true }).Soon()).IsAdmitted); // No limit: nobody is asked.
    }

    [Fact]
    public async Task Store_SaysTheLlmIsFull_TheCallIsAdmittedWithoutIt()
    {
        _store.Next(new Shortage(ShortageKind.Parallel, 1, TimeSpan.Zero) { Owner = Shortage.OwnerLlm, Name = "gpt" });

        LimitDecision decision = await _gate.Reserve(Subject with { Llm = "gpt", LlmLimits = new LimitNumbers(0, 1) }).Soon();

        Assert.True(decision.IsAdmitted);
        Assert.Null(decision.HeldLlm);
        Assert.Null(_store.Last.Llm);
    }

    [Fact]
    public async Task Store_LlmAloneHasLimits_IsAskedForThem()
    {
        LimitSubject free = new() { Key = "ci", Llm = "gpt", LlmLimits = new LimitNumbers(0, 1) };
        Assert.True((await _gate.Reserve(free).Soon()).IsAdmitted);
        _store.Next(new Shortage(ShortageKind.Parallel, 1, TimeSpan.Zero) { Owner = Shortage.OwnerLlm, Name = "gpt" });

        LimitDecision full = await _gate.Reserve(free).Soon();

        Assert.Equal((true, null, 2), (full.IsAdmitted, full.HeldLlm, _store.Asked));
    }

    [Fact]
    public async Task Waiting_ALocalCallEnds_TheStoreIsAskedAgain()
    {
        LimitDecision running = await _gate.Reserve(Subject).Soon();
        Shortage full = new(ShortageKind.Parallel, 1, TimeSpan.Zero) { Owner = Shortage.OwnerKey, Name = "ci" };
        _store.Next(full);
        _store.Next(full);
        Task<LimitDecision> waiting = _gate.Reserve(Subject with { MaxWait = TimeSpan.FromDays(1) });
        await _store.WhenAsked(3);

        await UntilAsync(() =>
        {
            running.Hold.Dispose();
            return true;
        });

        await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(10)); // The answer may still be on its way when the other call ends.
            return waiting.IsCompleted;
        });
        Assert.True((await waiting.Soon()).IsAdmitted);
        Assert.Equal(0, _gate.Waiting);
    }

    [Fact]
    public async Task Waiting_AnotherReplicaMakesRoom_IsFoundByAskingAgain()
    {
        Shortage full = new(ShortageKind.Parallel, 1, TimeSpan.Zero) { Owner = Shortage.OwnerWorkspace, Name = "team" };
        LimitSubject subject = Subject with { WorkspaceLimits = new LimitNumbers(0, 5), MaxWait = TimeSpan.FromDays(1) };
        for (int i = 0; i < 5; i++)
        {
            _store.Next(full);
        }

        Task<LimitDecision> waiting = _gate.Reserve(subject);
        await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(50));
            return waiting.IsCompleted;
        });

        Assert.True((await waiting).IsAdmitted);
        Assert.Equal(6, _store.Asked);
    }

    [Fact]
    public async Task Waiting_TheStoreGoesAway_IsServedHere()
    {
        _store.Next(new Shortage(ShortageKind.Requests, 1, TimeSpan.FromSeconds(30)) { Owner = Shortage.OwnerKey, Name = "ci" });
        _store.Next(new Shortage(ShortageKind.Requests, 1, TimeSpan.FromSeconds(30)) { Owner = Shortage.OwnerKey, Name = "ci" });
        Task<LimitDecision> waiting = _gate.Reserve(Subject with { MaxWait = TimeSpan.FromMinutes(1) });
        await _store.WhenAsked(2);
        _store.IsUp = false;

        await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return waiting.IsCompleted;
        });

        Assert.True((await waiting).IsAdmitted);
    }

    [Fact]
    public async Task Waiting_ItsTurnIsLaterThanItsTime_IsRefusedAtOnce()
    {
        _store.Next(new Shortage(ShortageKind.Requests, 1, TimeSpan.FromSeconds(30)) { Owner = Shortage.OwnerKey, Name = "ci" });

        LimitDecision refused = await _gate.Reserve(Subject with { MaxWait = TimeSpan.FromSeconds(10) }).Soon();

        Assert.Equal(TimeSpan.FromSeconds(30), refused.Refusal!.RetryAfter);
    }

    [Fact]
    public async Task Llm_RefusedByTheStore_LeavesTheMinuteHereAsItWas()
    {
        var bulkhead = new Bulkhead(_time, _store);
        Shortage full = new(ShortageKind.Requests, 3, TimeSpan.FromSeconds(30)) { Owner = Shortage.OwnerLlm, Name = "gpt" };
        for (int i = 0; i < 5; i++)
        {
            _store.Next(full);
            Assert.False((await EnterAsync(bulkhead, isHeld: false)).IsAdmitted);
        }

        for (int i = 0; i < 3; i++)
        {
            Assert.True((await EnterAsync(bulkhead, isHeld: false)).IsAdmitted);
        }

        Assert.False(bulkhead.TryEnter("gpt", new LimitNumbers(3, 0)).IsAdmitted);
    }

    [Fact]
    public async Task Llm_WhosePlaceTheStoreHasGiven_IsNotJudgedAgainHere()
    {
        var bulkhead = new Bulkhead(_time, _store);
        for (int i = 0; i < 3; i++)
        {
            Assert.True((await EnterAsync(bulkhead, isHeld: false)).IsAdmitted); // The store may yet refuse some of these.
        }

        Assert.True((await EnterAsync(bulkhead, isHeld: true)).IsAdmitted);
        Assert.Equal(3, _store.Asked);
    }

    private static async Task<LimitDecision> EnterAsync(Bulkhead bulkhead, bool isHeld) =>
        await bulkhead.EnterEverywhereAsync("gpt", new LimitNumbers(3, 0), 0, isHeld, TimeSpan.Zero, CancellationToken.None);

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var patience = new CancellationTokenSource(Gates.Patience);
        while (!isSo())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
