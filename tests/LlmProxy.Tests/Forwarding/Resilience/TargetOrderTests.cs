using LlmProxy.Configuration.Options;
using LlmProxy.Forwarding;
using LlmProxy.Forwarding.Resilience;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Tests.Routing;

namespace LlmProxy.Tests.Forwarding.Resilience;

public sealed class TargetOrderTests
{
    private static readonly VendorFailure TooLong = new(ErrorCode.ContextLengthExceeded, "too long") { IsFinal = true };

    [Theory]
    [InlineData(ErrorCode.ProviderError, false, true)]
    [InlineData(ErrorCode.ProviderAuthFailed, false, true)]
    [InlineData(ErrorCode.ModelNotFound, false, true)]
    [InlineData(ErrorCode.InvalidValue, true, false)]
    [InlineData(ErrorCode.BodyTooLarge, true, false)]
    [InlineData(ErrorCode.ContextLengthExceeded, true, true)]
    internal void Failure_LetsTheNextBeAsked_UnlessItIsTheCallers(ErrorCode code, bool isFinal, bool expected)
    {
        (TargetOrder order, _) = Order(Llm("a"), Llm("b"));

        Assert.Equal(expected, order.GoesOn(order.Next()!, new VendorFailure(code, "failed") { IsFinal = isFinal }, goesOnAfterRefusal: false));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Refusal_ByContentPolicy_GoesOnWhereTheOperatorSaysSo(bool isWished)
    {
        (TargetOrder order, _) = Order(Llm("a"), Llm("b"));
        var refusal = new VendorFailure(ErrorCode.InvalidValue, "no") { IsFinal = true, IsRefusal = true };

        Assert.Equal(isWished, order.GoesOn(order.Next()!, refusal, isWished));
    }

    [Fact]
    public void Context_TooSmall_OnlyLargerOrUnknownOnesFollow()
    {
        (TargetOrder order, AttemptRun run) = Order(Llm("a", 8000), Llm("b", 8000), Llm("c"), Llm("d", 4000), Llm("e", 16_000));
        RouteTarget first = order.Next()!;
        run.Failed(first, TooLong);
        order.GoesOn(first, TooLong, goesOnAfterRefusal: false);

        Assert.Equal("c", order.Next()!.Deployment.Name);
        Assert.True(order.MayFollow);
        Assert.Equal("e", order.Next()!.Deployment.Name);
        Assert.False(order.MayFollow);
        Assert.Null(order.Next());
        string reason = run.Reason(Llm("e"))!;
        Assert.Contains("b: context_length_exceeded", reason, StringComparison.Ordinal);
        Assert.Contains("d: context_length_exceeded", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Context_NobodyIsLarger_TheOnlyOneAskedIsTheAnswer()
    {
        (TargetOrder order, AttemptRun run) = Order(Llm("a", 8000), Llm("b", 4000));
        RouteTarget first = order.Next()!;
        run.Failed(first, TooLong);
        order.GoesOn(first, TooLong, goesOnAfterRefusal: false);

        Assert.False(order.MayFollow);
        Assert.Null(order.Next());
        GatewayError error = run.Outcome();
        Assert.Equal(ErrorCode.ContextLengthExceeded, error.Code);
        Assert.Equal("too long", error.Message);
    }

    [Fact]
    public void Request_Shortened_TheSameOneIsNext()
    {
        (TargetOrder order, _) = Order(Llm("a", 8000));
        RouteTarget first = order.Next()!;

        order.Again(first);

        Assert.Same(first, order.Next());
        Assert.Null(order.Next());
    }

    [Fact]
    public void Follower_WithAnOpenBreaker_IsNoReasonToHurry()
    {
        RouteTarget open = Llm("b");
        for (int i = 0; i < 5; i++)
        {
            open.Deployment.State.Breaker.Record(open.Deployment.Resilience.Breaker, isProbe: false, CallSign.Bad);
        }

        (TargetOrder order, _) = Order(Llm("a"), open);
        order.Next();

        Assert.False(order.MayFollow);
    }

    private static (TargetOrder Order, AttemptRun Run) Order(params RouteTarget[] targets)
    {
        var run = new AttemptRun(null!);
        return (new TargetOrder(RoutePlan.To(targets), run), run);
    }

    private static RouteTarget Llm(string name, int window = 0)
    {
        Deployment llm = FakeProvider.Llm(name, "custom", name + "-model", change: (LlmOptions options) => options.ContextWindow = window);
        return new RouteTarget(llm, llm.Options.Model);
    }
}
