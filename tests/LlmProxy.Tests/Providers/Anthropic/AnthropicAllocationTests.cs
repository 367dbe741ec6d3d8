using System.Buffers;
using System.Text;
using LlmProxy.Providers;
using LlmProxy.Tests.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Providers.Anthropic;

public sealed class AnthropicAllocationTests
{
    [Theory]
    [InlineData("text_delta", "text", "text")]
    [InlineData("thinking_delta", "thinking", "thinking")]
    [InlineData("input_json_delta", "partial_json", "tool_use")]
    public void Translation_OfDeltas_AllocatesNothingPerEvent(string delta, string member, string block)
    {
        string start = Claude.Events(Claude.Start(), Claude.Block(0, $"{{\"type\":\"{block}\",\"id\":\"t\",\"name\":\"f\"}}"));
        string deltas = string.Concat(Enumerable.Repeat(Claude.Events(Claude.Delta(0, $"{{\"type\":\"{delta}\",\"{member}\":\" wo\\\\\\\"rd\"}}")), 600));
        using VendorCall call = Turns.Open("anthropic", """{"model":"c","stream":true,"messages":[{"role":"user","content":"hi"}]}""", Claude.Sonnet45);
        _ = call.Write(0);
        IStreamTranslator translator = call.OpenStream();
        var framer = new SseFramer();
        var client = new ArrayBufferWriter<byte>(1 << 20);
        Relay(Encoding.UTF8.GetBytes(start + deltas), framer, translator, client);
        client.ResetWrittenCount();
        byte[] measured = Encoding.UTF8.GetBytes(deltas);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Relay(measured, framer, translator, client);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        // Thinking is also kept for its signature: its buffer grows by doubling, which is no allocation per event.
        Assert.InRange(allocated, 0, delta == "thinking_delta" ? 64 * 1024 : 256);
        Assert.Null(translator.Failure);
    }

    private static void Relay(ReadOnlySpan<byte> stream, SseFramer framer, IStreamTranslator translator, ArrayBufferWriter<byte> client)
    {
        int start = 0;
        while (framer.TryRead(stream[start..], ended: false, out int consumed, out StreamFrame frame))
        {
            _ = translator.Translate(in frame, client);
            start += consumed;
        }
    }
}
