using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Providers.Anthropic;
using LlmProxy.Tests.Conversation;

namespace LlmProxy.Tests.Providers.Anthropic;

public sealed class AnthropicTokensTests
{
    private static readonly AnthropicTokens Tokens = new(AnthropicDialect.Own);

    [Fact]
    public void Count_IsAskedWithWhatCountsAlone()
    {
        ChatTurn turn = Turn("""{"max_tokens":5,"temperature":0,"stop":"x","user":"u","messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f"}}]}""");
        var body = new ArrayBufferWriter<byte>();
        Tokens.Write(turn, body);
        AnthropicMessagesTests.AssertJson("""
            {"model":"claude-sonnet-4-5-20250929","system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}]}
            """, JsonNode.Parse(body.WrittenSpan));
        Assert.Equal("v1/messages/count_tokens", Tokens.PathFor(turn));
    }

    [Fact]
    public void Count_IsRead() => Assert.Equal(2095, Tokens.Read(Turn("""{"messages":[{"role":"user","content":"hi"}]}"""), """ {"input_tokens": 2095, "more":1}"""u8));

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"input_tokens":"7"}""")]
    [InlineData("<html>")]
    public void Count_ThatIsNone_Throws(string body) => Assert.ThrowsAny<JsonException>(() => Tokens.Read(Turn("""{"messages":[{"role":"user","content":"hi"}]}"""), Encoding.UTF8.GetBytes(body)));

    private static ChatTurn Turn(string json)
    {
        Exchange exchange = Turns.Exchange(json);
        return new ChatTurn(exchange, Turns.Target("anthropic", Claude.Sonnet45), exchange.ReadChat());
    }
}
