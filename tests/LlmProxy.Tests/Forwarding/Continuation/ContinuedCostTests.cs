using LlmProxy.Accounting;
using LlmProxy.Conversation;
using LlmProxy.Forwarding.Continuation;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Forwarding.Continuation;

/// <summary>What an answer has used and cost that several LLMs had a part in, where the last one does not get to say it.</summary>
public sealed class ContinuedCostTests
{
    private static readonly TokenUsage Before = new(10, 0, 0, 6, 0);

    private readonly RouteTarget _first = Priced(1m);
    private readonly RouteTarget _second = Priced(5m);

    [Fact]
    public void Second_SaysNothing_IsCountedHereOnTopOfTheFirst()
    {
        AttemptFacts second = Behind(_first);
        second.OutputSoFar = 7;

        second.Estimate(promptTokens: 10);
        second.SettleCost(_second);

        // The text so far is part of its prompt.
        Assert.Equal(new TokenUsage(10 + 16, 0, 0, 6 + 7, 0), second.Usage);
        Assert.Equal((16 + 7) * 5m / 1_000_000m, second.OwnCostUsd);
        Assert.Equal((16 * 1m / 1_000_000m) + second.OwnCostUsd, second.CostUsd);
    }

    [Fact]
    public void Second_FailsAndAThirdGoesOn_TheFirstIsPaidOnce()
    {
        Exchange exchange = Turns.Exchange("""{"model":"m","messages":[{"role":"user","content":"Hello"}]}""");
        AttemptFacts second = Behind(_first);
        second.Estimate(promptTokens: 10);
        second.SettleCost(_second);

        exchange.Lost(second);

        Assert.Equal(16 * 5m / 1_000_000m, exchange.LostCostUsd);
    }

    [Fact]
    public void First_HasNoPrice_TheSecondsIsKnown()
    {
        AttemptFacts second = Behind(Turns.Target("openai", model: "nobody-knows-its-price"));
        second.Estimate(promptTokens: 10);
        second.SettleCost(_second);

        Assert.Null(second.CostUsd);
        Assert.Equal(16 * 5m / 1_000_000m, second.KnownCostUsd);
    }

    private static RouteTarget Priced(decimal price) => Turns.Target("openai", change: llm => (llm.InputPricePerMillion, llm.OutputPricePerMillion) = (price, price));

    private static AttemptFacts Behind(RouteTarget first)
    {
        var soFar = new AnswerSoFar();
        soFar.LeaveOff(first, new ChatRequest(), Before, new VendorFailure(ErrorCode.ProviderError, "broken"), 3);
        return new AttemptFacts(2) { GoesOnFrom = new BrokenText("abc", ""), SoFar = soFar };
    }
}
