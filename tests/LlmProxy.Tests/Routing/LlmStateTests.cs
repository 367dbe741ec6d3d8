using LlmProxy.Configuration.Options;
using LlmProxy.Routing;

namespace LlmProxy.Tests.Routing;

public sealed class LlmStateTests
{
    private static readonly BreakerRule Rule = new(Failures: 1, Seconds: 30);
    private static readonly ProbeResult Dead = new(IsAlive: false, "no answer", DateTimeOffset.UnixEpoch, 5);
    private readonly FakeTimeProvider _time = new();
    private readonly LlmState _state;

    public LlmStateTests() => _state = new LlmState("openai", "main", _time);

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
        Assert.Null(_state.LastProbe);
        Assert.Null(_state.LastFailure);
        Assert.Null(_state.LastSuccess);
        Assert.Equal(_time.GetUtcNow(), _state.Since);
    }

    [Fact]
    public void Looked_BeforeItWasMended_SaysNothingAboutItNow()
    {
        LlmOptions before = Options();
        _state.ConfiguredAs(before);
        _state.ConfiguredAs(Options("address"));

        _state.Looked(before, Dead);
        Assert.Null(_state.LastProbe);

        _state.Looked(Options("address"), Dead);
        Assert.Same(Dead, _state.LastProbe);
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
        Assert.Same(Dead, _state.LastProbe);
        Assert.NotNull(_state.LastFailure);
        Assert.NotNull(_state.LastSuccess);
    }

    private void Fail()
    {
        _state.Looked(Options(), Dead);
        _state.Answered(DateTimeOffset.UnixEpoch);
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
