using System.Text;
using LlmProxy.Forwarding.Resilience;

namespace LlmProxy.Tests.Forwarding.Resilience;

public sealed class BareRefusalTests
{
    [Theory]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":null,"refusal":null},"finish_reason":"content_filter"}]}""", true)]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":""},"finish_reason":"content_filter"}]}""", true)]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":"So"},"finish_reason":"content_filter"}]}""", false)]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":"content_filter"},"finish_reason":"stop"}]}""", false)]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":"","refusal":null},"finish_reason":"stop"}]}""", false)]
    [InlineData("""{"type":"message","content":[],"stop_reason":"refusal"}""", true)]
    [InlineData("""{"type":"message","content":[{"type":"text","text":"I"}],"stop_reason":"refusal"}""", false)]
    [InlineData("content_filter", false)]
    [InlineData("", false)]
    [InlineData("""{"finish_reason":"content_filter",""", false)]
    public void WholeAnswer_IsARefusal_WhereNothingElseIsInIt(string answer, bool expected) =>
        Assert.Equal(expected, BareRefusal.Is(Encoding.UTF8.GetBytes(answer)));

    [Theory]
    [InlineData("", true)]
    [InlineData("""data: {"choices":[{"delta":{"content":"So"},"finish_reason":null}]}""", false)]
    [InlineData("""data: {"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{"}}]},"finish_reason":null}]}""", false)]
    public void Stream_IsARefusal_WhereNoOutputCameBefore(string before, bool expected)
    {
        string stream = $$"""
            : keep-alive

            data: {"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}]}

            {{before}}

            data: {"choices":[{"delta":{},"finish_reason":"content_filter"}]}

            data: [DONE]


            """;

        Assert.Equal(expected, BareRefusal.Is(Encoding.UTF8.GetBytes(stream)));
    }

    [Fact]
    public void AnthropicStream_IsARefusal()
    {
        const string Stream = """
            event: message_start
            data: {"type":"message_start","message":{"content":[],"stop_reason":null}}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"refusal"}}

            """;

        Assert.True(BareRefusal.Is(Encoding.UTF8.GetBytes(Stream)));
    }
}
