using System.Buffers;
using System.Text;
using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Providers.OpenAiDialect;

public sealed class ChatStreamTests
{
    private static readonly OpenAiStreamOptions OurOwnWish = new(ClientAskedForUsage: false, WeAskedForUsage: true);
    private static readonly OpenAiStreamOptions TheirWish = new(ClientAskedForUsage: true, WeAskedForUsage: false);

    [Theory]
    [InlineData("{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}", false)]
    [InlineData("{\"choices\":[],\"prompt_filter_results\":[{\"x\":1}]}", false)]
    [InlineData("{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"refusal\":null}}]}", false)]
    [InlineData("{\"choices\":[{\"delta\":{\"tool_calls\":[]}}]}", false)]
    [InlineData("{\"choices\":[{\"index\":0,\"content_filter_results\":{\"hate\":{}},\"delta\":{}}]}", false)]
    [InlineData("{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}", true)]
    [InlineData("{\"choices\":[{\"delta\":{}},{\"index\":1,\"delta\":{\"content\":\"a\"}}]}", true)]
    [InlineData("{\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}", true)]
    [InlineData("{\"choices\":[{\"delta\":{\"reasoning\":\"hm\"}}]}", true)]
    [InlineData("{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0}]}}]}", true)]
    [InlineData("{\"choices\":[{\"delta\":{\"refusal\":\"no\"}}]}", true)]
    [InlineData("{\"choices\":[{\"delta\":{\"audio\":{\"id\":\"x\"}}}]}", true)]
    [InlineData("{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}", true)]
    [InlineData("{\"choices\":[{\"text\":\"\",\"finish_reason\":null}]}", false)]
    [InlineData("{\"choices\":[{\"text\":\"a\"}]}", true)]
    public void Output_IsToldFromPreamble(string chunk, bool isOutput)
    {
        (_, List<FrameVerdict> verdicts, _) = Run($"data: {chunk}\n\n", TheirWish);

        Assert.Equal(isOutput, verdicts[0].HasFlag(FrameVerdict.Output));
    }

    [Fact]
    public void Usage_WeAlone_AskedFor_LeavesNoTrace()
    {
        (string text, _, ChatStream stream) = Run(
            "data: {\"id\":\"1\",\"choices\":[{\"delta\":{\"content\":\"say \\\"usage\\\":null\"}}],\"usage\":null}\n\n" +
            "data: {\"usage\":null,\"id\":\"1\",\"choices\":[{\"delta\":{\"content\":\"b\",\"usage\":null}}]}\r\n\r\n" +
            "data: {\"id\":\"1\",\"usage\":null,\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"new\":{\"usage\":null}}\n\n" +
            "data: {\"id\":\"1\",\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":4,\"prompt_tokens_details\":{\"cached_tokens\":6},\"completion_tokens_details\":{\"reasoning_tokens\":3}}}\n\n" +
            "data: [DONE]\n\n",
            OurOwnWish);

        Assert.Equal(
            "data: {\"id\":\"1\",\"choices\":[{\"delta\":{\"content\":\"say \\\"usage\\\":null\"}}]}\n\n" +
            "data: {\"id\":\"1\",\"choices\":[{\"delta\":{\"content\":\"b\",\"usage\":null}}]}\r\n\r\n" +
            "data: {\"id\":\"1\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"new\":{\"usage\":null}}\n\n" +
            "data: [DONE]\n\n",
            text);
        Assert.Equal(new TokenUsage(4, 6, 0, 4, 3), stream.Usage);
        Assert.True(stream.IsComplete);
    }

    [Fact]
    public void Usage_TheClientAskedFor_PassesUntouched()
    {
        const string Input =
            "data: {\"model\":\"m-1\",\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\n" +
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";

        (string text, _, ChatStream stream) = Run(Input, TheirWish);

        Assert.Equal(Input, text);
        Assert.Equal("m-1", stream.ReportedModel);
        Assert.Equal(2, stream.Usage!.Value.Output);
    }

    [Fact]
    public void Usage_OnAChunkWithChoices_IsReadAndPasses()
    {
        const string Input = "data: {\"choices\":[{\"delta\":{\"content\":\"\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":5,\"total_tokens\":9,\"completion_tokens\":4}}\n\n";

        (string text, _, ChatStream stream) = Run(Input, OurOwnWish);

        Assert.Equal(Input, text);
        Assert.Equal(new TokenUsage(5, 0, 0, 4, 0), stream.Usage);
    }

    [Fact]
    public void Unknown_FieldsEventsAndComments_Pass()
    {
        const string Input = ": ping\n\nevent: news\ndata: {\"x\":[1,\"ü\"]}\n\nid: 3\n\ndata: not json\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"zz\":1}],\"odd\":{}}\n\n";

        Assert.Equal(Input, Run(Input, OurOwnWish).Text);
    }

    [Theory]
    [InlineData("data: {\"error\":{\"message\":\"boom\",\"type\":\"server_error\",\"code\":500}}\n\n", "provider_error")]
    [InlineData("event: error\ndata: {\"message\":\"boom\"}\n\n", "provider_error")]
    [InlineData("data: {\"object\":\"error\",\"message\":\"boom\",\"code\":400}\n\n", "invalid_value")]
    [InlineData("data: {\"error\":\"overloaded\"}\n\n", "provider_error")]
    [InlineData("data: {\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\"}}\n\n", "rate_limit_exceeded")]
    [InlineData("data: {\"error\":{\"message\":\"You exceeded your current quota\",\"code\":\"insufficient_quota\"}}\n\n", "provider_quota_exhausted")]
    public void Error_InTheStream_IsAFailureBeforeAndAfterOutput(string error, string code)
    {
        const string Output = "data: {\"choices\":[{\"delta\":{\"content\":\"the word \\\"error\\\" is no error\"}}],\"error\":null}\n\n";

        Assert.Equal(code, Run(error, TheirWish).Stream.Failure!.Code.Wire());
        (string text, List<FrameVerdict> verdicts, ChatStream stream) = Run(Output + error, TheirWish);
        Assert.Equal(Output, text);
        Assert.Equal(FrameVerdict.Error, verdicts[^1]);
        Assert.Equal(code, stream.Failure!.Code.Wire());
    }

    [Fact]
    public void Stream_OfManyChunks_AllocatesNothingPerChunk()
    {
        byte[] chunk = Encoding.UTF8.GetBytes("data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n");
        var stream = new ChatStream(OurOwnWish, static _ => throw new InvalidOperationException());
        var framer = new SseFramer();
        var sink = new ArrayBufferWriter<byte>(1024 * 1024);
        Feed(stream, framer, chunk, sink, 50);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Feed(stream, framer, chunk, sink, 500);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 500);
    }

    private static void Feed(ChatStream stream, SseFramer framer, byte[] chunk, ArrayBufferWriter<byte> sink, int times)
    {
        for (int i = 0; i < times; i++)
        {
            framer.TryRead(chunk, false, out _, out SseFrame frame);
            stream.Translate(in frame, sink);
        }
    }

    private static (string Text, List<FrameVerdict> Verdicts, ChatStream Stream) Run(string input, OpenAiStreamOptions options)
    {
        var llm = Routing.FakeProvider.Llm("a", "openai", "m");
        var stream = new ChatStream(options, data => OpenAiFailure.ReadInAnswer(data, llm));
        var framer = new SseFramer();
        var sink = new ArrayBufferWriter<byte>();
        var verdicts = new List<FrameVerdict>();
        ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(input);
        while (framer.TryRead(rest, true, out int consumed, out SseFrame frame))
        {
            FrameVerdict verdict = stream.Translate(in frame, sink);
            if (verdict.HasFlag(FrameVerdict.Pass))
            {
                sink.Write(frame.Raw);
            }

            verdicts.Add(verdict);
            rest = rest[consumed..];
        }

        return (Encoding.UTF8.GetString(sink.WrittenSpan), verdicts, stream);
    }
}
