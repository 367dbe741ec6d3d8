using LlmProxy.Caching;
using LlmProxy.Endpoints;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Caching;

public sealed class CallMeaningTests
{
    private const string Call = """{"model":"m","messages":[{"role":"user","content":"Hi \" there"}],"max_tokens":5}""";

    [Theory]
    [InlineData("""{"max_tokens":5,"messages":[{"role":"user","content":"Hi \" there"}],"model":"m"}""")]
    [InlineData("""{ "model" : "m", "messages" : [ { "content" : "Hi \" there" , "role" : "user" } ] , "max_tokens" : 5 }""")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hi \" there"}],"max_tokens":5,"stream":true,"stream_options":{"include_usage":true}}""")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hi \" there"}],"max_tokens":5,"stream":false,"user":"u"}""")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hi \" there"}],"max_tokens":5,"llm":{"cache":"on","tags":["a"],"timeout_ms":5}}""")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hi \" there"}],"max_tokens":5,"prompt_cache_key":"a","safety_identifier":"b"}""")]
    public void Key_OfTheSameQuestion_IsTheSame(string other) => Assert.Equal(KeyOf(Call), KeyOf(other));

    [Theory]
    [InlineData("""{"model":"n","messages":[{"role":"user","content":"Hi \" there"}],"max_tokens":5}""")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hi \"  there"}],"max_tokens":5}""")]
    [InlineData("""{"model":"m","messages":[{"role":"system","content":"Hi \" there"}],"max_tokens":5}""")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hi \" there"}],"max_tokens":5.0}""")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hi \" there"}],"max_tokens":5,"temperature":0}""")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hi \" there"}],"max_tokens":5,"unheard_of":1}""")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hi \" there"}],"max_tokens":5,"llm":{"provider":"openai"}}""")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"Hi \" there"}],"max_tokens":5,"llm":{"local_only":true}}""")]
    public void Key_OfAnotherQuestion_IsAnother(string other) => Assert.NotEqual(KeyOf(Call), KeyOf(other));

    [Fact]
    public void Key_OrderThatAModelReads_IsKept() => Assert.NotEqual(
        KeyOf("""{"model":"m","messages":[],"tools":[{"a":1,"b":2}]}""", EndpointKind.Messages),
        KeyOf("""{"model":"m","messages":[],"tools":[{"b":2,"a":1}]}""", EndpointKind.Messages));

    [Fact]
    public void Key_HeaderThatAVendorSees_IsPartOfIt()
    {
        Assert.NotEqual(KeyOf(Call), CallMeaning.KeyOf(Turns.Exchange(Call, null, ("openai-beta", "a"))));
        Assert.Equal(KeyOf(Call), CallMeaning.KeyOf(Turns.Exchange(Call, null, ("traceparent", "00-1-2-01"))));
    }

    [Fact]
    public void KeyWithoutPrompt_TwoPrompts_IsTheSameUntilAnythingElseDiffers()
    {
        CacheKey circle = Circle("""{"model":"m","prompt":"one"}""");

        Assert.Equal(circle, Circle("""{"model":"m","prompt":"two"}"""));
        Assert.NotEqual(circle, Circle("""{"model":"m","prompt":"one","max_tokens":1}"""));
        Assert.NotEqual(circle, CallMeaning.KeyWithoutPrompt(Turns.Exchange("""{"model":"m","prompt":"one"}""", EndpointKind.Completions), "system"u8));
    }

    [Fact]
    public void Key_BodyOfManyMembers_IsFoundStill()
    {
        string body = $$"""{"model":"m","messages":[{"role":"user","content":"x"}],{{string.Join(',', Enumerable.Range(0, 200).Select(i => $"\"f{i}\":{i}"))}}}""";

        Assert.Equal(KeyOf(body), KeyOf(body));
        Assert.NotEqual(KeyOf(body), KeyOf(body.Replace("\"f9\":9", "\"f9\":8", StringComparison.Ordinal)));
    }

    private static CacheKey KeyOf(string json, EndpointKind? endpoint = null) => CallMeaning.KeyOf(Turns.Exchange(json.Replace("\"messages\":[]", "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]", StringComparison.Ordinal), endpoint));

    private static CacheKey Circle(string json) => CallMeaning.KeyWithoutPrompt(Turns.Exchange(json, EndpointKind.Completions), default);
}
