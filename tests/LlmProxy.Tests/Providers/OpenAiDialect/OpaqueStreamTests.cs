using LlmProxy.Accounting;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers.OpenAiDialect;

namespace LlmProxy.Tests.Providers.OpenAiDialect;

public sealed class OpaqueStreamTests
{
    [Fact]
    public void Translate_TranscriptOrPicture_IsOutputFromTheFirstEventAndUsageIsRead()
    {
        string stream = "event: transcript.text.delta\ndata: {\"type\":\"transcript.text.delta\",\"delta\":\"Hi\"}\n\n"
            + "event: transcript.text.done\ndata: {\"type\":\"transcript.text.done\",\"text\":\"Hi\",\"usage\":{\"type\":\"tokens\",\"input_tokens\":14,\"input_token_details\":{\"audio_tokens\":14},\"output_tokens\":4,\"total_tokens\":18}}\n\n";
        Relayed relayed = Relay(stream);
        Assert.Equal(stream, relayed.Client);
        Assert.Equal("PO PO", relayed.Verdicts);
        Assert.Equal(new TokenUsage(14, 0, 0, 4, 0), relayed.Usage);
        Assert.True(relayed.IsComplete);
    }

    [Theory]
    [InlineData("event: error\ndata: {\"type\":\"error\",\"error\":{\"code\":\"moderation_blocked\",\"type\":\"invalid_request_error\",\"message\":\"m\"}}\n\n", nameof(ErrorCode.InvalidValue))]
    [InlineData("data: {\"type\":\"error\",\"message\":\"m\"}\n\n", nameof(ErrorCode.ProviderError))]
    [InlineData("data: {\"error\":\"m\"}\n\n", nameof(ErrorCode.ProviderError))]
    public void Translate_Error_IsAFailure(string error, string expected)
    {
        Assert.Equal(expected, Relay(error).Failure!.Code.ToString());
        Relayed later = Relay("data: {\"b64_json\":\"AAAA\"}\n\n" + error);
        Assert.Equal("PO X", later.Verdicts);
        Assert.False(later.IsComplete);
    }

    [Fact]
    public void Translate_OnlyPings_IsNothing()
    {
        Relayed relayed = Relay("event: ping\ndata: {}\n\n: c\n\n");
        Assert.Equal("P", relayed.Verdicts);
        Assert.False(relayed.IsComplete);
    }

    [Fact]
    public void Open_ByEndpoint_ChoosesTheTranslator()
    {
        Assert.IsType<ChunkStream>(OpenAiStreams.Open(EndpointKind.Chat, Streams.Vendor, default));
        Assert.IsType<ChunkStream>(OpenAiStreams.Open(EndpointKind.Completions, Streams.Vendor, default));
        Assert.IsType<ResponsesStream>(OpenAiStreams.Open(EndpointKind.Responses, Streams.Vendor, default));
        Assert.IsType<OpaqueStream>(OpenAiStreams.Open(EndpointKind.Images, Streams.Vendor, default));
    }

    private static Relayed Relay(string stream) => Streams.Relay(stream, () => new OpaqueStream(Streams.Vendor));
}
