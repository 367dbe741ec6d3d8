using LlmProxy.Conversation;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Conversation;

public sealed class AskedChoicesTests
{
    [Theory]
    [InlineData("chat", "", 1)]
    [InlineData("chat", "\"n\":3", 3)]
    [InlineData("chat", "\"n\":null", 1)]
    [InlineData("chat", "\"n\":\"3\"", 1)]
    [InlineData("completions", "\"prompt\":\"a\",\"n\":2", 2)]
    [InlineData("completions", "\"prompt\":[\"a\",\"b\",\"c\"],\"n\":2", 6)]
    [InlineData("completions", "\"prompt\":[[1,2],[3]]", 2)]
    [InlineData("completions", "\"prompt\":[1,2,3]", 1)]
    [InlineData("chat", "\"n\":2000000000", 2_000_000_000)]
    [InlineData("completions", "\"prompt\":[\"a\",\"b\",\"c\"],\"n\":2000000000", int.MaxValue)]
    [InlineData("messages", "\"n\":3", 1)]
    public void In_EachDialect_AreTheAnswersThatWillCome(string endpoint, string more, int choices)
    {
        string members = endpoint == "completions" ? more : "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]" + (more.Length > 0 ? "," + more : "");
        Exchange exchange = Turns.Exchange($$"""{"model":"m","max_tokens":5,{{members}}}""", EndpointKind.All.First(kind => kind.Name == endpoint));

        Assert.Equal(choices, AskedChoices.In(exchange));
    }
}
