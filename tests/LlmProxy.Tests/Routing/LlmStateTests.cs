using LlmProxy.Configuration.Options;
using LlmProxy.Routing;

namespace LlmProxy.Tests.Routing;

public sealed class LlmStateTests
{
    private static readonly BreakerRule Rule = new(Failures: 1, Seconds: 30);
    private readonly LlmState _state = new("openai", "main", new FakeTimeProvider());

    public static TheoryData<string> Changes => ["model", "address", "replicas", "key", "keys", "header"];

    [Theory]
    [MemberData(nameof(Changes))]
    public void ConfiguredAs_AnotherServer_ForgetsWhatWasLearnt(string what)
    {
        _state.ConfiguredAs(Options());
        Fail();

        Assert.True(_state.ConfiguredAs(Options(what)));

        Assert.True(_state.Breaker.MayTry(Rule));
        Assert.False(_state.IsFailing);
        Assert.False(_state.RefusesStreamOptions);
    }

    [Fact]
    public void ConfiguredAs_TheSameServer_RemembersAll()
    {
        _state.ConfiguredAs(Options());
        Fail();

        Assert.False(_state.ConfiguredAs(Options("priority")));

        Assert.False(_state.Breaker.MayTry(Rule));
        Assert.True(_state.IsFailing);
        Assert.True(_state.RefusesStreamOptions);
    }

    private void Fail()
    {
        _state.Breaker.TryEnter(Rule, out bool isProbe);
        _state.Breaker.Record(Rule, isProbe, CallSign.Bad);
        _state.Failed(new CallFailure("provider_error", "", DateTimeOffset.UnixEpoch));
        _state.RefusesStreamOptions = true;
    }

    private static LlmOptions Options(string changed = "")
    {
        var options = new LlmOptions
        {
            Name = "main",
            Provider = "openai",
            Model = changed == "model" ? "other" : "m",
            BaseUrl = changed == "address" ? "http://b" : "http://a",
            Destinations = changed == "replicas" ? ["http://a", "http://b"] : ["http://a"],
            Priority = changed == "priority" ? 1 : 2,
        };
        options.Headers["X-A"] = changed == "header" ? "2" : "1";
        options.Auth.Values["api_key"] = new Secret(changed == "key" ? "k2" : "k1");
        options.Auth.ApiKeys.Add(new Secret(changed == "keys" ? "k2" : "k1"));
        return options;
    }
}
