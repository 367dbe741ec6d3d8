using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests.Contract;

public class GeminiScript : VendorScript
{
    private const string Usage = """{"promptTokenCount":12,"candidatesTokenCount":6,"totalTokenCount":18}""";

    public override string Provider => "gemini";

    public override string Model => "gemini-2.5-flash";

    public override bool HasCallIds => false;

    public override string BaseUrl(string address) => address + "/v1beta";

    public override byte[] Opening => Data(Candidate("""{"text":"Grüße"}""", null));

    public override (int Status, string Body) Overload => (503, """{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}""");

    public override byte[] OverloadFrame => Data("""{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}""");

    public override bool WantsStream(UpstreamCall call) => call.Path.EndsWith("streamGenerateContent", StringComparison.Ordinal);

    public override string Whole(Saying saying, UpstreamCall call) => saying.IsRefusal
        ? $$$"""{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":12,"totalTokenCount":12},"modelVersion":"m"}"""
        : Candidate(string.Join(',', Parts(saying)), "STOP");

    public override IReadOnlyList<byte[]> Frames(Saying saying, UpstreamCall call)
    {
        if (saying.IsRefusal)
        {
            return [Data(Whole(saying, call))];
        }

        string[] parts = saying.Text.Length > 0 ? [.. saying.Text.Split(' ').Select((w, i) => $$"""{"text":{{Quoted(i == 0 ? w : " " + w)}}}""")] : Parts(saying);
        return [.. parts.Select((p, i) => Data(Candidate(p, i == parts.Length - 1 ? "STOP" : null)))];
    }

    private static string[] Parts(Saying saying) =>
    [
        .. saying.Text.Length > 0 ? new[] { $$"""{"text":{{Quoted(saying.Text)}}}""" } : [],
        .. saying.Calls.Select(c => $$$"""{"functionCall":{"name":"{{{c.Name}}}","args":{{{c.Arguments}}}}}"""),
    ];

    private static string Candidate(string parts, string? finish) =>
        $$$"""{"candidates":[{"content":{"role":"model","parts":[{{{parts}}}]}{{{(finish is null ? "" : $",\"finishReason\":\"{finish}\"")}}},"index":0}],"usageMetadata":{{{Usage}}},"modelVersion":"m","responseId":"g9"}""";
}
