using LlmProxy.Configuration.Options;
using LlmProxy.Limits;
using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Limits;

public sealed class BudgetTests : IDisposable
{
    private readonly JumpingTime _time = new();
    private readonly LimitGate _gate;

    public BudgetTests() => _gate = new LimitGate(_time);

    public void Dispose() => _gate.Dispose();

    [Fact]
    public void Budget_ForHundredCalls_AdmitsHundredOfAThousandAndHoldsNothingAfter()
    {
        LimitSubject subject = Gates.Budget(usd: 1, cost: 0.01m);
        List<LimitDecision> decisions = [.. Enumerable.Range(0, 1000).Select(_ => _gate.Admit(subject))];

        Assert.Equal(100, decisions.Count(d => d.IsAdmitted));
        GatewayError refusal = decisions[^1].Refusal!;
        Assert.Equal((ErrorCode.InsufficientQuota, true, TimeSpan.FromSeconds(1)), (refusal.Code, refusal.ShouldRetry, refusal.RetryAfter));
        decisions.ForEach(d => d.Hold.Settle(10, Gates.Units(0.01m)));
        BudgetStanding standing = _gate.KeyBudget(subject);
        Assert.Equal((Gates.Units(1), 0L), (standing.Spent.Units, standing.Held.Units));
        Assert.Equal((0L, 0L), (standing.UnitsLeft, standing.Held.Tokens));
    }

    [Fact]
    public void Budget_Spent_RefusesForGoodAndSaysSo()
    {
        LimitSubject subject = Gates.Budget(usd: 1, cost: 0.5m);
        _gate.Admit(subject).Hold.Settle(10, Gates.Units(0.9m));

        LimitDecision refused = _gate.Admit(subject with { MaxWait = TimeSpan.FromHours(1) });

        Assert.Equal((ErrorCode.InsufficientQuota, false, null, "budget"), (refused.Refusal!.Code, refused.Refusal.ShouldRetry, refused.Refusal.RetryAfter, refused.Refusal.LimitedBy));
        Assert.Contains("key 'ci'", refused.Refusal.Message, StringComparison.Ordinal);
        Assert.True(_gate.Admit(subject with { CostUnits = Gates.Units(0.1m) }).IsAdmitted); // A smaller one fits.
    }

    [Fact]
    public void Budget_Spent_RefusesACallThatCostsNothingToo()
    {
        LimitSubject subject = Gates.Budget(usd: 1, cost: 0);
        _gate.Admit(subject).Hold.Settle(10, Gates.Units(1));

        Assert.Equal(ErrorCode.InsufficientQuota, _gate.Admit(subject).Refusal!.Code);
    }

    [Fact]
    public void Budget_Spent_AKnownAnswerPasses()
    {
        LimitSubject subject = Gates.Budget(usd: 1, cost: 0.5m);
        _gate.Admit(subject).Hold.Settle(10, Gates.Units(2));

        Assert.True(_gate.Admit(subject with { IsKnown = true }).IsAdmitted);
        Assert.Equal(Gates.Units(2), _gate.KeyBudget(subject).Spent.Units);
    }

    [Fact]
    public void Budget_OfTokens_IsKeptLikeMoney()
    {
        LimitSubject subject = new() { Key = "ci", KeyBudget = new BudgetNumbers(0, 100, BudgetPeriod.Day), Tokens = 60 };
        LimitDecision first = _gate.Admit(subject);
        Assert.True(_gate.Admit(subject).Refusal!.ShouldRetry);

        first.Hold.Settle(70, 0);

        Assert.False(_gate.Admit(subject).Refusal!.ShouldRetry);
        Assert.True(_gate.Admit(subject with { Tokens = 30 }).IsAdmitted);
    }

    [Fact]
    public void TryHold_NoRoomForMore_SaysNoAndKeepsWhatIsHeld()
    {
        LimitSubject subject = Gates.Budget(usd: 1, cost: 0.3m) with
        {
            WorkspaceBudget = new BudgetNumbers(Gates.Units(0.6m), 0, BudgetPeriod.Month),
        };
        LimitDecision stream = _gate.Admit(subject);

        Assert.True(stream.Hold.TryHold(20, Gates.Units(0.5m)));
        Assert.False(stream.Hold.TryHold(30, Gates.Units(0.7m))); // The key has room, the workspace has not.
        Assert.Equal(Gates.Units(0.5m), _gate.KeyBudget(subject).Held.Units);
        Assert.True(stream.Hold.TryHold(20, Gates.Units(0.5m)));
        Assert.True(stream.Hold.TryHold(20, Gates.Units(0.1m))); // Another LLM is cheaper.
        Assert.Equal(Gates.Units(0.1m), _gate.KeyBudget(subject).Held.Units);
        stream.Hold.Dispose();
        Assert.Equal((default, default), (_gate.KeyBudget(subject).Held, _gate.KeyBudget(subject).Spent));
        Assert.True(stream.Hold.TryHold(1000, Gates.Units(100))); // Over: nothing is held any more.
        Assert.Equal(default, _gate.KeyBudget(subject).Held);
    }

    [Fact]
    public void Period_Ends_TheNextBeginsEmptyAndRunningCallsPayWhereTheyBegan()
    {
        LimitSubject subject = Gates.Budget(usd: 1, cost: 0.8m, BudgetPeriod.Day);
        _time.Set(new DateTimeOffset(2026, 3, 31, 23, 59, 0, TimeSpan.Zero));
        LimitDecision late = _gate.Admit(subject);

        _time.Set(new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero));
        LimitDecision early = _gate.Admit(subject);
        late.Hold.Settle(10, Gates.Units(0.8m));

        Assert.True(early.IsAdmitted);
        Assert.Equal(default, _gate.KeyBudget(subject).Spent);
        Assert.Equal(Gates.Units(0.8m), _gate.KeyBudget(subject).Held.Units);
    }

    [Fact]
    public void Clock_JumpsBackAndForth_CountsEachCallOnceInOnePeriod()
    {
        LimitSubject subject = Gates.Budget(usd: 1, cost: 0.1m, BudgetPeriod.Day);
        var monday = new DateTimeOffset(2026, 6, 1, 23, 59, 59, TimeSpan.Zero);
        DateTimeOffset tuesday = monday.AddSeconds(1);
        _time.Set(monday);
        LimitDecision running = _gate.Admit(subject);
        _gate.Admit(subject).Hold.Settle(1, Gates.Units(0.1m));
        for (int i = 0; i < 3; i++)
        {
            _time.Set(tuesday);
            _gate.Admit(subject).Hold.Settle(1, Gates.Units(0.1m));
            _time.Set(monday);
        }

        Assert.Equal(Gates.Units(0.1m), _gate.KeyBudget(subject).Spent.Units);
        _time.Set(tuesday);
        running.Hold.Settle(1, Gates.Units(0.1m));
        Assert.Equal(Gates.Units(0.3m), _gate.KeyBudget(subject).Spent.Units);
        _time.Set(tuesday.AddYears(1)); // Far out and back: no period is stuck in a future that never was.
        _gate.Admit(subject).Hold.Settle(1, Gates.Units(1));
        _time.Set(tuesday);
        Assert.Equal(Gates.Units(0.3m), _gate.KeyBudget(subject).Spent.Units);
    }

    [Theory]
    [InlineData("Day", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")]
    [InlineData("Week", "2026-02-23T00:00:00Z", "2026-03-02T00:00:00Z")] // 1 March 2026 is a Sunday.
    [InlineData("Month", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")]
    [InlineData("Total", "1970-01-01T00:00:00Z", null)]
    public void Period_OfAMoment_IsInUtcAndWeeksBeginOnMonday(string name, string start, string? end)
    {
        BudgetPeriod period = Enum.Parse<BudgetPeriod>(name);
        DateTimeOffset moment = new(2026, 3, 1, 1, 30, 0, TimeSpan.FromHours(1)); // 00:30 UTC.

        var span = PeriodSpan.Of(period, moment);

        Assert.Equal(DateTimeOffset.Parse(start, null), span.Start);
        Assert.Equal(end is null ? null : DateTimeOffset.Parse(end, null), span.End);
        Assert.Equal(span, PeriodSpan.Of(period, span.Start));
    }

    [Fact]
    public void Unpriced_WithABudgetInUsd_IsRefusedWhereTheOperatorWantsIt()
    {
        LimitSubject unpriced = Gates.Budget(usd: 1, cost: 0) with { IsUnpriced = true };

        GatewayError refusal = _gate.Admit(unpriced).Refusal!;

        Assert.Equal((ErrorCode.InsufficientQuota, false), (refusal.Code, refusal.ShouldRetry));
        Assert.Contains("Unpriced", refusal.Message, StringComparison.Ordinal);
        Assert.True(_gate.Admit(unpriced with { KeyBudget = new BudgetNumbers(0, 1000, BudgetPeriod.Day) }).IsAdmitted);
        Assert.True(_gate.Admit(unpriced with { IsKnown = true }).IsAdmitted);
    }

    [Fact]
    public async Task Waiting_BudgetIsHeldBack_TheNextGoesWhenItComesFree()
    {
        LimitSubject subject = Gates.Budget(usd: 1, cost: 0.8m) with { MaxWait = TimeSpan.FromSeconds(60) };
        LimitDecision running = await _gate.Reserve(subject);
        Task<LimitDecision> waiting = _gate.Reserve(subject);
        Task<LimitDecision> another = _gate.Reserve(subject);
        Assert.False(waiting.IsCompleted);

        running.Hold.Settle(10, Gates.Units(0.1m));
        LimitDecision second = await waiting.Soon();
        Assert.True(second.IsAdmitted);
        second.Hold.Settle(10, Gates.Units(0.8m));

        Assert.False((await another.Soon()).Refusal!.ShouldRetry); // Now it is spent: waiting on would not help.
    }

    [Fact]
    public async Task Waiting_WhereOthersWaitAlready_ASpentBudgetIsSaidAtOnce()
    {
        LimitSubject subject = Gates.Budget(usd: 1, cost: 0.8m) with { Gateway = new LimitNumbers(0, 1), MaxWait = TimeSpan.FromSeconds(60) };
        _gate.Admit(subject).Hold.Settle(10, Gates.Units(1));
        _gate.Admit(new LimitSubject { Gateway = subject.Gateway });
        Task<LimitDecision> other = _gate.Reserve(new LimitSubject { Gateway = subject.Gateway, MaxWait = subject.MaxWait });

        Task<LimitDecision> spent = _gate.Reserve(subject);

        Assert.True(spent.IsCompletedSuccessfully);
        Assert.Equal(ErrorCode.InsufficientQuota, (await spent).Refusal!.Code);
        Assert.False(other.IsCompleted);
    }

    [Fact]
    public void Books_LearntLate_AreAddedOnceToWhatIsCountedHere()
    {
        LimitSubject subject = Gates.Budget(usd: 10, cost: 1);
        _gate.Admit(subject).Hold.Settle(10, Gates.Units(2));
        BudgetAccount account = _gate.WithBudgets(budgets => budgets.All.Single());

        account.Learn(new Spend(Gates.Units(3), 30));
        account.Learn(new Spend(Gates.Units(3), 30)); // Read again: the same rows.
        account.Learn(new Spend(Gates.Units(4), 40)); // A dead process's last call has come in.

        Assert.Equal(Gates.Units(6), _gate.KeyBudget(subject).Spent.Units);
        Assert.Equal(50, _gate.KeyBudget(subject).Spent.Tokens);
    }

    [Fact]
    public void Books_CallBeganBeforeTheAccount_IsLeftToThisProcess()
    {
        _time.Set(new DateTimeOffset(2026, 6, 1, 12, 0, 0, TimeSpan.Zero));
        var call = Guid.CreateVersion7(_time.GetUtcNow().AddSeconds(-3)); // Its body took long.

        _gate.Admit(Gates.Budget(usd: 10, cost: 1) with { CallId = call });

        Assert.Equal(_time.GetUtcNow().AddSeconds(-3), _gate.WithBudgets(budgets => budgets.All.Single()).Cut);
    }

    [Fact]
    public void Standing_OfAKey_SaysWhatIsLeftOfEverything()
    {
        var key = new KeyOptions { Name = "ci", Workspace = "team", RequestsPerMinute = 10, TokensPerMinute = 1000, MaxParallel = 3, BudgetUsd = 5 };
        var workspace = new WorkspaceOptions { Name = "team", BudgetTokens = 5000, BudgetPeriod = BudgetPeriod.Total };
        LimitSubject subject = new()
        {
            Key = "ci",
            KeyLimits = LimitNumbers.Of(key),
            KeyBudget = BudgetNumbers.Of(key),
            Workspace = "team",
            WorkspaceBudget = BudgetNumbers.Of(workspace),
            Tokens = 100,
            CostUnits = Gates.Units(1),
        };
        _gate.Admit(subject).Hold.Settle(200, Gates.Units(2));
        _gate.Admit(subject);

        KeyStanding standing = _gate.Standing(key, workspace);

        Assert.Equal((8, 700, 1), (standing.Key.Requests.Remaining, standing.Key.Tokens.Remaining, standing.Key.Running));
        Assert.Equal((Gates.Units(3), Gates.Units(1)), (standing.Key.Budget!.UnitsLeft, standing.Key.Budget.Held.Units));
        Assert.Null(standing.Key.Budget.TokensLeft);
        Assert.Equal((4800, null), (standing.Workspace!.Budget!.TokensLeft, standing.Workspace.Budget.Span.End));
        Assert.Null(_gate.Standing(new KeyOptions { Name = "free" }, null).Key.Budget);
    }

    [Fact]
    public void Budget_LargerThanAnyNumber_NeitherOverflowsNorLeaks()
    {
        LimitSubject subject = new() { Key = "ci", KeyBudget = new BudgetNumbers(long.MaxValue, long.MaxValue, BudgetPeriod.Total), Tokens = long.MaxValue, CostUnits = long.MaxValue };
        LimitDecision first = _gate.Admit(subject);
        Assert.True(first.IsAdmitted);
        Assert.True(_gate.Admit(subject).Refusal!.ShouldRetry);
        first.Hold.Settle(long.MaxValue - 1, long.MaxValue - 1);
        LimitDecision last = _gate.Admit(subject with { Tokens = 1, CostUnits = 1 });
        last.Hold.Settle(long.MaxValue, long.MaxValue);

        Assert.Equal(new Spend(long.MaxValue, long.MaxValue), _gate.KeyBudget(subject).Spent);
        Assert.Equal(default, _gate.KeyBudget(subject).Held);
    }

    /// <summary>A wall clock that is set, beside a monotonic one that stands.</summary>
    private sealed class JumpingTime : TimeProvider
    {
        private readonly FakeTimeProvider _inner = new();
        private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override long TimestampFrequency => _inner.TimestampFrequency;

        public void Set(DateTimeOffset now) => _now = now;

        public override DateTimeOffset GetUtcNow() => _now;

        public override long GetTimestamp() => _inner.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => _inner.CreateTimer(callback, state, dueTime, period);
    }
}
