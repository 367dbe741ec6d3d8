using LlmProxy.Accounting;
using LlmProxy.Pipeline;
using LlmProxy.Providers.OpenAiDialect;

namespace LlmProxy.Tests.Providers.OpenAiDialect;

public sealed class ResponsesStreamTests
{
    private const string Response = """{"id":"resp_1","object":"response","status":"STATUS","error":null,"model":"gpt-5-2025","output":[],"usage":USAGE}""";
    private const string Counts = """{"input_tokens":20,"input_tokens_details":{"cached_tokens":8},"output_tokens":30,"output_tokens_details":{"reasoning_tokens":12},"total_tokens":50}""";

    [Theory]
    [InlineData("completed")]
    [InlineData("incomplete")]
    public void Translate_TextAnswer_PassesEveryByteAndEndsWithUsage(string ending)
    {
        string stream = Event("response.created", "\"response\":" + Whole("in_progress", "null"))
            + Event("response.in_progress", "\"response\":" + Whole("in_progress", "null"))
            + Event("response.output_item.added", """ "item":{"type":"reasoning","id":"rs"} """)
            + Event("response.output_item.added", """ "item":{"type":"message","content":[]} """)
            + Event("response.content_part.added", """ "part":{"type":"output_text","text":""} """)
            + Event("response.output_text.delta", """ "delta":"" """)
            + Event("response.output_text.delta", """ "delta":"Olá" """)
            + Event("response.output_text.delta", """ "delta":"!" """)
            + Event("response.output_text.done", """ "text":"Olá!" """)
            + Event("response." + ending, "\"response\":" + Whole(ending, Counts));
        Relayed relayed = Relay(stream);
        Assert.Equal(stream, relayed.Client);
        Assert.Equal("P P P P P P PO PO P POFE", relayed.Verdicts);
        Assert.Equal(new TokenUsage(12, 8, 0, 30, 12), relayed.Usage);
        Assert.Equal("gpt-5-2025", relayed.Model);
        Assert.True(relayed.IsComplete);
    }

    [Theory]
    [InlineData("response.function_call_arguments.delta", "\"delta\":\"{\"")]
    [InlineData("response.reasoning_summary_text.delta", "\"delta\":\"So\"")]
    [InlineData("response.refusal.delta", "\"delta\":\"No\"")]
    [InlineData("response.audio.delta", "\"delta\":\"AAAA\"")]
    [InlineData("response.output_item.added", "\"item\":{\"type\":\"function_call\",\"name\":\"f\"}")]
    [InlineData("response.image_generation_call.partial_image", "\"partial_image_b64\":\"AAAA\"")]
    [InlineData("response.output_item.done", "\"item\":{\"type\":\"message\"}")]
    public void Translate_FirstOutputOfAnyKind_IsOutputWithAndWithoutTheEventLine(string type, string body)
    {
        Assert.Equal("PO", Relay(Event(type, body)).Verdicts);
        Assert.Equal("PO", Relay($"data: {{{body},\"type\":\"{type}\"}}\n\n").Verdicts);
        Assert.Equal("PO", Relay($"event: message\ndata: {{{body},\"type\":\"{type}\"}}\n\n").Verdicts);
    }

    [Theory]
    [InlineData("event: error\ndata: {\"type\":\"error\",\"code\":\"rate_limit_exceeded\",\"message\":\"slow\",\"param\":null,\"sequence_number\":1}\n\n", nameof(ErrorCode.RateLimitExceeded))]
    [InlineData("data: {\"type\":\"error\",\"code\":null,\"message\":\"broke\"}\n\n", nameof(ErrorCode.ProviderError))]
    [InlineData("data: {\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\"}}\n\n", nameof(ErrorCode.InvalidValue))]
    [InlineData("event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\",\"message\":\"broke\"},\"model\":\"m\"}}\n\n", nameof(ErrorCode.ProviderError))]
    [InlineData("event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"invalid_prompt\",\"message\":\"flagged\"}}}\n\n", nameof(ErrorCode.InvalidValue))]
    public void Translate_Error_IsAFailureAndNothingOfItPasses(string error, string expected)
    {
        Relayed relayed = Relay(Event("response.output_text.delta", "\"delta\":\"a\"") + error);
        Assert.Equal("PO X", relayed.Verdicts);
        Assert.DoesNotContain("error", relayed.Client);
        Assert.Equal(expected, relayed.Failure!.Code.ToString());
        Assert.False(relayed.IsComplete);
    }

    [Fact]
    public void Translate_UnknownEventAndBrokenData_PassAndAreNotOutput()
    {
        string stream = "event: keepalive\ndata: {\"type\":\"keepalive\"}\n\ndata: {broken\n\nevent: response.new_thing\ndata: {broken\n\n: c\n\n";
        Relayed relayed = Relay(stream);
        Assert.Equal(stream, relayed.Client);
        Assert.Equal("P P P", relayed.Verdicts);
        Assert.False(relayed.IsComplete);
    }

    private static Relayed Relay(string stream) => Streams.Relay(stream, () => new ResponsesStream(Streams.Vendor));

    private static string Event(string type, string body) => $"event: {type}\ndata: {{\"type\":\"{type}\",{body}}}\n\n";

    private static string Whole(string status, string usage) =>
        Response.Replace("STATUS", status, StringComparison.Ordinal).Replace("USAGE", usage, StringComparison.Ordinal);
}
