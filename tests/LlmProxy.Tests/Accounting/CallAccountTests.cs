using LlmProxy.Access;
using LlmProxy.Accounting;
using LlmProxy.Accounting.Journal;
using LlmProxy.Configuration.Options;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Routing;
using LlmProxy.Tests.Conversation;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmProxy.Tests.Accounting;

public sealed class CallAccountTests : IDisposable
{
    private readonly Exchange _exchange = Turns.Exchange("""{"model":"m","messages":[{"role":"user","content":"Hello"}]}""");
    private readonly RouteTarget _target = Turns.Target("openai", change: llm => (llm.InputPricePerMillion, llm.OutputPricePerMillion) = (1m, 10m));
    private readonly CountingHold _hold = new();
    private readonly CallJournal _journal = new(NullLogger<CallJournal>.Instance);

    public void Dispose()
    {
        _hold.Dispose();
        _journal.Dispose();
    }

    [Fact]
    public void Answer_WithinWhatItHolds_AsksForNothing()
    {
        CallAccount account = Begun(expectedOutput: 100);

        Assert.True(account.MayGoOn(99));
        Assert.Empty(_hold.Asked);
    }

    [Fact]
    public void Answer_BeyondWhatItHolds_AsksForTheWholeAndAStepMore()
    {
        CallAccount account = Begun(expectedOutput: 100);

        Assert.True(account.MayGoOn(100));
        Assert.True(account.MayGoOn(300));

        // 1000 tokens are expected of an answer: a step is a quarter of that.
        (long tokens, long units) = Assert.Single(_hold.Asked);
        Assert.Equal(7 + 350, tokens);
        Assert.Equal(Money.ToUnits(((7 * 1m) + (350 * 10m)) / 1_000_000m), units);
    }

    [Fact]
    public void Answer_WhoseBudgetHasNoRoom_IsCutAndStaysAtWhatItHeld()
    {
        CallAccount account = Begun(expectedOutput: 100);
        _hold.HasRoom = false;

        Assert.False(account.MayGoOn(100));

        Assert.True(account.IsCut);
    }

    [Fact]
    public void Call_ThatMovesToADearerLlm_AsksForItsPrice()
    {
        RouteTarget dearer = Turns.Target("anthropic", change: llm => (llm.InputPricePerMillion, llm.OutputPricePerMillion) = (2m, 50m));
        CallAccount account = Begun(expectedOutput: 100);

        Assert.True(account.TryMove(dearer));
        _hold.HasRoom = false;
        Assert.False(account.TryMove(_target));

        Assert.Equal((107, Money.ToUnits(((7 * 2m) + (100 * 50m)) / 1_000_000m)), _hold.Asked[0]);
    }

    [Fact]
    public void Progress_IsToldOnceForEachStep()
    {
        CallAccount account = Begun(expectedOutput: 1000);
        account.MayGoOn(40);

        Assert.True(account.TryTell(out CallProgress progress));
        Assert.False(account.TryTell(out _));

        Assert.Equal((new TokenUsage(7, 0, 0, 40, 0), UsageSource.Estimated), (progress.Usage, progress.UsageSource));
        Assert.Equal(((7 * 1m) + (40 * 10m)) / 1_000_000m, progress.CostUsd);
    }

    [Fact]
    public void Settle_Twice_CountsOnce()
    {
        CallAccount account = Begun(expectedOutput: 100);
        AttemptFacts attempt = _exchange.BeginAttempt();
        attempt.Usage = new TokenUsage(8, 0, 0, 4, 0);
        attempt.SettleCost(_target);
        _exchange.Commit(attempt);

        account.Settle();
        attempt.Usage = new TokenUsage(800, 0, 0, 400, 0);
        account.Settle();

        Assert.Equal([(12L, Money.ToUnits(((8 * 1m) + (4 * 10m)) / 1_000_000m))], _hold.Settled);
        Assert.Equal(new TokenUsage(8, 0, 0, 4, 0), account.Row!.Usage);
    }

    [Fact]
    public void Answer_GoneOnWith_HoldsAndTellsWhatTheOthersUsedToo()
    {
        RouteTarget dearer = Turns.Target("anthropic", change: llm => (llm.InputPricePerMillion, llm.OutputPricePerMillion) = (2m, 50m));
        CallAccount account = Begun(expectedOutput: 100);
        account.MayGoOn(40);
        var before = new TokenUsage(7, 0, 0, 40, 0);

        Assert.True(account.TryGoOn(dearer, before, 0.5m, 0.5m));
        Assert.True(account.MayGoOn(60));
        Assert.True(account.TryTell(out CallProgress progress));
        Assert.True(account.MayGoOn(100));

        // The text so far is part of the next one's prompt.
        long prompt = 7 + 40;
        Assert.Equal((47 + prompt + 100, Money.ToUnits(0.5m + (((prompt * 2m) + (100 * 50m)) / 1_000_000m))), _hold.Asked[0]);
        Assert.Equal((47 + prompt + 350, Money.ToUnits(0.5m + (((prompt * 2m) + (350 * 50m)) / 1_000_000m))), _hold.Asked[1]);
        Assert.Equal(new TokenUsage(7 + prompt, 0, 0, 100, 0), progress.Usage);
        Assert.Equal(0.5m + (((prompt * 2m) + (60 * 50m)) / 1_000_000m), progress.CostUsd);
    }

    [Fact]
    public void Answer_GoneOnWithoutRoom_IsNotMoved()
    {
        CallAccount account = Begun(expectedOutput: 100);
        _hold.HasRoom = false;

        Assert.False(account.TryGoOn(_target, new TokenUsage(7, 0, 0, 40, 0), 0m, 0m));
        Assert.False(account.TryBeside(Turns.Target("anthropic")));
    }

    [Fact]
    public void Two_AskedSideBySide_HoldBothAndAreMeteredByTheOneThatAnswers()
    {
        RouteTarget dearer = Turns.Target("anthropic", change: llm => (llm.InputPricePerMillion, llm.OutputPricePerMillion) = (2m, 50m));
        CallAccount account = Begun(expectedOutput: 100);

        Assert.True(account.TryBeside(dearer));
        account.Answers(dearer);
        account.MayGoOn(100);

        long both = Money.ToUnits(((7 * 1m) + (100 * 10m) + (7 * 2m) + (100 * 50m)) / 1_000_000m);
        Assert.Equal([(2 * 107, both), (7 + 350, Money.ToUnits(((7 * 2m) + (350 * 50m)) / 1_000_000m))], _hold.Asked);
    }

    [Fact]
    public void Settle_OnePriceUnknown_TheOthersAreSpentAllTheSame()
    {
        CallAccount account = Begun(expectedOutput: 100);
        AttemptFacts lost = _exchange.BeginAttempt();
        lost.Usage = new TokenUsage(8, 0, 0, 0, 0);
        lost.SettleCost(Turns.Target("openai", model: "nobody-knows-its-price"));
        _exchange.Lost(lost);
        AttemptFacts attempt = _exchange.BeginAttempt();
        attempt.Usage = new TokenUsage(8, 0, 0, 4, 0);
        attempt.SettleCost(_target);
        _exchange.Commit(attempt);

        account.Settle();

        Assert.Null(account.Row!.CostUsd);
        Assert.Equal([(12L, Money.ToUnits(((8 * 1m) + (4 * 10m)) / 1_000_000m))], _hold.Settled);
    }

    [Theory]
    [InlineData(false, true, true)]
    [InlineData(true, false, true)]
    [InlineData(true, true, false)]
    public void Llm_OfUnknownPrice_IsNotAskedForABudgetWhereTheOperatorForbidsIt(bool isForbidden, bool hasBudget, bool isAsked)
    {
        RouteTarget unpriced = Turns.Target("openai", model: "nobody-knows-its-price");
        _exchange.Snapshot.Options.Limits.Unpriced = isForbidden ? Unpriced.Refuse : Unpriced.Allow;
        _exchange.Caller = new Caller(new KeyOptions { Name = "k", BudgetUsd = hasBudget ? 1 : 0 });
        CallAccount account = Begun(expectedOutput: 100);

        Assert.Equal(isAsked, account.TryMove(unpriced));
        Assert.Equal(isAsked, account.TryGoOn(unpriced, default, 0m, 0m));
    }

    private CallAccount Begun(long expectedOutput)
    {
        var account = new CallAccount(_exchange, _hold, _journal) { IsMetered = true };
        _exchange.Account = account;
        account.Begin(_target, 7, expectedOutput);
        return account;
    }

    private sealed class CountingHold : Hold
    {
        public List<(long Tokens, long Units)> Asked { get; } = [];

        public List<(long Tokens, long Units)> Settled { get; } = [];

        public bool HasRoom { get; set; } = true;

        public override bool TryHold(long tokens, long costUnits)
        {
            Asked.Add((tokens, costUnits));
            return HasRoom;
        }

        public override void Settle(long tokens, long costUnits) => Settled.Add((tokens, costUnits));
    }
}
