using LlmProxy.Forwarding;
using LlmProxy.Forwarding.Resilience;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Tests.Routing;

namespace LlmProxy.Tests.Forwarding.Resilience;

public sealed class FailureKindsTests
{
    private static readonly RouteTarget Target = new(FakeProvider.Llm("a", "custom", "m"), "m");

    [Fact]
    public void Connection_NotTakenInTime_IsNotWaitedForAgain()
    {
        VendorFailure failure = TransportFailures.BeforeAnswer(new OperationCanceledException(), Target, "http://10.0.0.1", TimeSpan.FromSeconds(5));

        Assert.False(FailureKinds.MayPass(failure));
        Assert.True(FailureKinds.IsReplicasOwn(failure));
    }

    [Fact]
    public void Connection_Refused_MayPass()
    {
        var refused = new HttpRequestException(HttpRequestError.ConnectionError, "refused");

        Assert.True(FailureKinds.MayPass(TransportFailures.BeforeAnswer(refused, Target, "http://10.0.0.1", TimeSpan.FromSeconds(5))));
    }

    [Theory]
    [InlineData(ErrorCode.ProviderError, CallSign.Bad)]
    [InlineData(ErrorCode.ProviderUnreachable, CallSign.Bad)]
    [InlineData(ErrorCode.ProviderTimeout, CallSign.Bad)]
    [InlineData(ErrorCode.InvalidProviderResponse, CallSign.Bad)]
    [InlineData(ErrorCode.RateLimitExceeded, CallSign.None)]
    [InlineData(ErrorCode.ProviderAuthFailed, CallSign.None)]
    [InlineData(ErrorCode.ProviderQuotaExhausted, CallSign.None)]
    [InlineData(ErrorCode.ModelNotFound, CallSign.None)]
    [InlineData(ErrorCode.InvalidValue, CallSign.None)]
    [InlineData(ErrorCode.NoHealthyProvider, CallSign.None)]
    internal void Failure_TellsABreaker_OnlyOfTheLlmsOwnHealth(ErrorCode code, CallSign sign)
    {
        Assert.Equal(sign, FailureKinds.SignOf(Verdict.Failed(new VendorFailure(code, "failed"))));
        Assert.Equal(sign, FailureKinds.SignOf(Verdict.Broken(new VendorFailure(code, "failed"))));
    }

    [Fact]
    public void Endings_WithoutAFailure_AreGoodOrSayNothing()
    {
        Assert.Equal(CallSign.Good, FailureKinds.SignOf(Verdict.Answered));
        Assert.Equal(CallSign.None, FailureKinds.SignOf(Verdict.ClientGone));
        Assert.Equal(CallSign.None, FailureKinds.SignOf(Verdict.Superseded));
    }
}
