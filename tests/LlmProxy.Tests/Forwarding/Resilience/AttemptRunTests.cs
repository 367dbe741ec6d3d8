using LlmProxy.Forwarding;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;
using LlmProxy.Tests.Routing;

namespace LlmProxy.Tests.Forwarding.Resilience;

public sealed class AttemptRunTests
{
    private readonly AttemptRun _run = new(null!);
    private readonly RouteTarget _a = Target("a");
    private readonly RouteTarget _b = Target("b");
    private readonly RouteTarget _c = Target("c");

    [Fact]
    public void OneLlm_Fails_ItsLastFailureIsTheAnswer()
    {
        _run.Failed(_a, new VendorFailure(ErrorCode.ProviderError, "first"));
        _run.Failed(_a, new VendorFailure(ErrorCode.RateLimitExceeded, "second") { RetryAfter = TimeSpan.FromSeconds(3) });

        GatewayError error = _run.Outcome();

        Assert.Equal((ErrorCode.RateLimitExceeded, "second", TimeSpan.FromSeconds(3)), (error.Code, error.Message, error.RetryAfter));
    }

    [Fact]
    public void OneLlm_IsLeftAloneBetweenItsRetries_WhatItSaidIsTheAnswer()
    {
        _run.Failed(_a, new VendorFailure(ErrorCode.ProviderError, "said"));
        _run.Skip(_a, new VendorFailure(ErrorCode.NoHealthyProvider, "left alone"));
        _run.DeadlinePassed(_a);

        Assert.Equal("said", _run.Outcome().Message);
    }

    [Fact]
    public void OneLlm_IsLeftAlone_Is503WithTheTimeOfItsRest()
    {
        _run.Skip(_a, new VendorFailure(ErrorCode.NoHealthyProvider, "left alone") { RetryAfter = TimeSpan.FromSeconds(20) });

        GatewayError error = _run.Outcome();

        Assert.Equal((ErrorCode.NoHealthyProvider, 503, TimeSpan.FromSeconds(20)), (error.Code, error.Status, error.RetryAfter));
    }

    [Fact]
    public void All_AreRateLimited_Is429WithTheSoonestAdvice()
    {
        _run.Failed(_a, new VendorFailure(ErrorCode.RateLimitExceeded, "a") { RetryAfter = TimeSpan.FromSeconds(30) });
        _run.Failed(_b, new VendorFailure(ErrorCode.RateLimitExceeded, "b") { RetryAfter = TimeSpan.FromSeconds(7) });
        _run.Failed(_c, new VendorFailure(ErrorCode.RateLimitExceeded, "c"));

        GatewayError error = _run.Outcome();

        Assert.Equal((ErrorCode.RateLimitExceeded, 429, TimeSpan.FromSeconds(7)), (error.Code, error.Status, error.RetryAfter));
    }

    [Fact]
    public void Several_Fail_EachIsListedOnce()
    {
        _run.Failed(_a, new VendorFailure(ErrorCode.ProviderError, "a-first"));
        _run.Failed(_a, new VendorFailure(ErrorCode.ProviderError, "a-last"));
        _run.Skip(_b, new VendorFailure(ErrorCode.NoHealthyProvider, "b-rests"));
        _run.Failed(_c, new VendorFailure(ErrorCode.RateLimitExceeded, "c-limited"));

        GatewayError error = _run.Outcome();

        Assert.Equal(ErrorCode.AllProvidersFailed, error.Code);
        Assert.Equal("All 3 LLMs failed. [a] provider_error: a-last [b] no_healthy_provider: b-rests [c] rate_limit_exceeded: c-limited", error.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_AskedSideBySideFail_StandInTheOrderOfAsking(bool secondFailsFirst)
    {
        _run.Hedged(_a);
        foreach (RouteTarget target in secondFailsFirst ? (RouteTarget[])[_b, _a] : [_a, _b])
        {
            _run.Failed(target, new VendorFailure(ErrorCode.ProviderError, target.Deployment.Name));
        }

        _run.BothFailed(_a, _b);

        Assert.Equal("a: provider_error, b: provider_error", _run.Reason(_c));
        Assert.Equal(_b, _run.LeftBefore(_c)!.Target);
        Assert.Equal("All 2 LLMs failed. [a] provider_error: a [b] provider_error: b", _run.Outcome().Message);
    }

    [Fact]
    public void Several_LastOneAskedSaysTheRequestIsWrong_IsThatRefusal()
    {
        _run.Failed(_a, new VendorFailure(ErrorCode.ProviderError, "a"));
        _run.Failed(_b, new VendorFailure(ErrorCode.InvalidValue, "wrong") { IsFinal = true });
        _run.Skip(_c, new VendorFailure(ErrorCode.ContextLengthExceeded, "smaller") { IsFinal = true });

        Assert.Equal((400, "wrong"), (_run.Outcome().Status, _run.Outcome().Message));
    }

    [Fact]
    public void Reason_WhileTheFirstIsAskedAgain_IsNone()
    {
        _run.Failed(_a, new VendorFailure(ErrorCode.ProviderError, "a"));

        Assert.Null(_run.Reason(_a));
        Assert.Null(_run.LeftBefore(_a));
        Assert.Equal("a: provider_error", _run.Reason(_b));
        Assert.Same(_a, _run.LeftBefore(_b)!.Target);
        _run.Failed(_b, new VendorFailure(ErrorCode.ProviderTimeout, "b"));
        Assert.Null(_run.LeftBefore(_b)); // A retry is no fallback.
    }

    [Fact]
    public void TwoModels_OfOneLlm_AreTwoThatWereAsked()
    {
        Deployment any = FakeProvider.Llm("any", "custom", "*");
        var large = new RouteTarget(any, "large");
        var small = new RouteTarget(any, "small");
        _run.Failed(large, new VendorFailure(ErrorCode.ProviderError, "first"));

        Assert.Equal("any: provider_error", _run.Reason(small));
        Assert.Same(large, _run.LeftBefore(small)!.Target);
        _run.Failed(small, new VendorFailure(ErrorCode.ProviderError, "second"));
        Assert.Equal("All 2 LLMs failed. [any] provider_error: first [any] provider_error: second", _run.Outcome().Message);
    }

    private static RouteTarget Target(string name)
    {
        Deployment llm = FakeProvider.Llm(name, "custom", name + "-model");
        return new RouteTarget(llm, llm.Options.Model);
    }
}
