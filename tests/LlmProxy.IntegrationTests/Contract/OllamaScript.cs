using System.Text;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests.Contract;

public sealed class OllamaScript : VendorScript
{
    public override string Provider => "ollama";

    public override string StreamType => "application/x-ndjson";

    public override bool HasCallIds => false;

    public override byte[] Opening => Line("""{"role":"assistant","content":"Grüße"}""", "");

    public override (int Status, string Body) Overload => (503, """{"error":"server busy, please try again.  maximum pending requests exceeded"}""");

    public override byte[] OverloadFrame => Encoding.UTF8.GetBytes("{\"error\":\"the model runner has unexpectedly stopped\"}\n");

    /// <summary>It streams unless told not to.</summary>
    public override bool WantsStream(UpstreamCall call) => call.Json["stream"]?.GetValue<bool>() != false;

    public override string Whole(Saying saying, UpstreamCall call) =>
        Encoding.UTF8.GetString(Line($$"""{"role":"assistant","content":{{Quoted(Spoken(saying))}}{{Calls(saying.Calls)}}}""", End));

    public override IReadOnlyList<byte[]> Frames(Saying saying, UpstreamCall call) =>
    [
        .. Spoken(saying).Split(' ').Where(w => w.Length > 0).Select((w, i) => Line($$"""{"role":"assistant","content":{{Quoted(i == 0 ? w : " " + w)}}}""", "")),
        .. saying.Calls.Select(c => Line($$"""{"role":"assistant","content":""{{Calls([c])}}}""", "")),
        Line("""{"role":"assistant","content":""}""", End),
    ];

    private const string End = ",\"done_reason\":\"stop\",\"total_duration\":9,\"prompt_eval_count\":12,\"eval_count\":6";

    /// <summary>It knows no refusals: its models decline in words.</summary>
    private static string Spoken(Saying saying) => saying.IsRefusal ? "No." : saying.Text;

    private static string Calls((string Id, string Name, string Arguments)[] calls) => calls.Length == 0 ? ""
        : ",\"tool_calls\":[" + string.Join(',', calls.Select(c => $$$"""{"function":{"name":"{{{c.Name}}}","arguments":{{{c.Arguments}}}}}""")) + "]";

    private static byte[] Line(string message, string end) =>
        Encoding.UTF8.GetBytes($$"""{"model":"m","created_at":"2026-03-01T10:00:00Z","message":{{message}},"done":{{(end.Length > 0 ? "true" : "false")}}{{end}}}""" + "\n");
}
