using System.Buffers;
using System.Text;
using LlmProxy.Providers;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Providers.OpenAiDialect;

public sealed class ChunkStreamAllocationTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Relay_FiveHundredChunks_AllocatesNothingPerChunk(bool clientAsked, bool weAsked)
    {
        byte[] stream = Stream(500, withNull: weAsked);
        var client = new ArrayBufferWriter<byte>(stream.Length);
        Relay(Stream(3, weAsked), client, new ChunkStream(Streams.Vendor, new(clientAsked, weAsked)), new SseFramer());
        var translator = new ChunkStream(Streams.Vendor, new(clientAsked, weAsked));
        var framer = new SseFramer();
        client.ResetWrittenCount();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Relay(stream, client, translator, framer);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allocated, 0, 1024); // The model's name, once.
        Assert.NotNull(translator.Usage);
        Assert.True(translator.IsComplete);
    }

    private static void Relay(ReadOnlySpan<byte> stream, ArrayBufferWriter<byte> client, ChunkStream translator, SseFramer framer)
    {
        // In reads of 700 bytes, so that most events arrive in two pieces.
        int consumed = 0;
        for (int arrived = 0; arrived < stream.Length;)
        {
            arrived = Math.Min(arrived + 700, stream.Length);
            while (framer.TryRead(stream[consumed..arrived], ended: false, out int taken, out StreamFrame frame))
            {
                if ((translator.Translate(frame, client) & FrameVerdict.Pass) != 0)
                {
                    client.Write(frame.Raw);
                }

                consumed += taken;
            }
        }
    }

    private static byte[] Stream(int chunks, bool withNull)
    {
        var text = new StringBuilder();
        string tail = withNull ? ",\"usage\":null,\"obfuscation\":\"aBcD\"}" : "}";
        for (int i = 0; i < chunks; i++)
        {
            text.Append("data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1727346168,\"model\":\"gpt-4o-2024-08-06\",\"system_fingerprint\":\"fp_1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word")
                .Append(i).Append("\"},\"logprobs\":null,\"finish_reason\":").Append(i == chunks - 1 ? "\"stop\"" : "null").Append("}]").Append(tail).Append("\n\n");
        }

        return Encoding.UTF8.GetBytes(text + "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":14,\"completion_tokens\":30}}\n\ndata: [DONE]\n\n");
    }
}
