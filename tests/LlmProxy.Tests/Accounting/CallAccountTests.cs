using LlmProxy.Accounting;
using LlmProxy.Accounting.Journal;
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

    public void Dispose() => _hold.Dispose();

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

    private CallAccount Begun(long expectedOutput)
    {
        var account = new CallAccount(_exchange, _hold, new CallJournal(NullLogger<CallJournal>.Instance));
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
