using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests.Contract;

public sealed class BedrockScript : VendorScript
{
    private const string Usage = """{"inputTokens":12,"outputTokens":6,"totalTokens":18}""";

    public override string Provider => "bedrock";

    public override string Model => "anthropic.claude-sonnet-4-5-20250929-v1:0";

    public override object Auth => new { bearer_token = "k", region = "eu-north-1" };

    public override string StreamType => EventStreamWriter.ContentType;

    public override byte[] Opening => EventStreamWriter.FromLines("""
        {"messageStart":{"role":"assistant"}}
        {"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"Grüße"}}}
        """);

    public override (int Status, string Body) Overload => (503, """{"message":"Bedrock is unable to process your request."}""");

    public override byte[] OverloadFrame => EventStreamWriter.FromLines("""{"internalServerException":{"message":"The system encountered an unexpected error during processing."}}""");

    public override bool WantsStream(UpstreamCall call) => call.Path.EndsWith("converse-stream", StringComparison.Ordinal);

    public override string Whole(Saying saying, UpstreamCall call)
    {
        Saying said = AsTool(saying, call);
        string[] blocks =
        [
            .. said.Text.Length > 0 ? new[] { $$"""{"text":{{Quoted(said.Text)}}}""" } : [],
            .. said.Calls.Select(c => $$$"""{"toolUse":{"toolUseId":"{{{c.Id}}}","name":"{{{c.Name}}}","input":{{{c.Arguments}}}}}"""),
        ];
        return $$$"""{"output":{"message":{"role":"assistant","content":[{{{string.Join(',', blocks)}}}]}},"stopReason":"{{{Stop(said)}}}","usage":{{{Usage}}},"metrics":{"latencyMs":5}}""";
    }

    public override IReadOnlyList<byte[]> Frames(Saying saying, UpstreamCall call)
    {
        Saying said = AsTool(saying, call);
        List<string> lines = ["""{"messageStart":{"role":"assistant"}}"""];
        int block = 0;
        if (said.Text.Length > 0)
        {
            lines.AddRange(said.Text.Split(' ').Select((w, i) => $$$"""{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":{{{Quoted(i == 0 ? w : " " + w)}}} } } }"""));
            lines.Add($$$"""{"contentBlockStop":{"contentBlockIndex":{{{block++}}} } }""");
        }

        foreach ((string id, string name, string arguments) in said.Calls)
        {
            lines.Add($$$$"""{"contentBlockStart":{"contentBlockIndex":{{{{block}}}},"start":{"toolUse":{"toolUseId":"{{{{id}}}}","name":"{{{{name}}}}"} } } }""");
            lines.AddRange(new[] { arguments[..7], arguments[7..] }.Select(a => $$$$"""{"contentBlockDelta":{"contentBlockIndex":{{{{block}}}},"delta":{"toolUse":{"input":{{{{Quoted(a)}}}} } } } }"""));
            lines.Add($$$"""{"contentBlockStop":{"contentBlockIndex":{{{block++}}} } }""");
        }

        lines.Add($$$"""{"messageStop":{"stopReason":"{{{Stop(said)}}}"} }""");
        lines.Add($$$"""{"metadata":{"usage":{{{Usage}}},"metrics":{"latencyMs":5} } }""");
        return [.. lines.Select(EventStreamWriter.FromLines)];
    }

    private static string Stop(Saying saying) => saying.IsRefusal ? "content_filtered" : saying.Calls.Length > 0 ? "tool_use" : "end_turn";

    private static Saying AsTool(Saying saying, UpstreamCall call) =>
        call.Json["toolConfig"]?["toolChoice"]?["tool"]?["name"]?.ToString() is { } forced && saying.Calls.Length == 0 ? new Saying("", ("call_f", forced, saying.Text)) : saying;
}
