using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests.Contract;

public sealed class AnthropicScript : VendorScript
{
    private const string Start = """{"type":"message_start","message":{"id":"msg_9","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":1}}}""";

    public override string Provider => "anthropic";

    public override byte[] Opening =>
    [
        .. Event(Start), .. Event("""{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"""),
        .. Event("""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Grüße"}}"""),
    ];

    public override (int Status, string Body) Overload => (529, """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""");

    public override byte[] OverloadFrame => Event("""{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""");

    public override string Whole(Saying saying, UpstreamCall call)
    {
        Saying said = AsTool(saying, call);
        string[] blocks =
        [
            .. said.Text.Length > 0 ? new[] { $$"""{"type":"text","text":{{Quoted(said.Text)}}}""" } : [],
            .. said.Calls.Select(c => $$"""{"type":"tool_use","id":"{{c.Id}}","name":"{{c.Name}}","input":{{c.Arguments}}}"""),
        ];
        return $$$"""{"id":"msg_9","type":"message","role":"assistant","model":"m","content":[{{{string.Join(',', blocks)}}}],"stop_reason":"{{{Stop(said)}}}","stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":6}}""";
    }

    public override IReadOnlyList<byte[]> Frames(Saying saying, UpstreamCall call)
    {
        Saying said = AsTool(saying, call);
        List<byte[]> frames = [Event(Start), Event("""{"type":"ping"}""")];
        int index = 0;
        if (said.Text.Length > 0)
        {
            Block("""{"type":"text","text":""}""", said.Text.Split(' ').Select((w, i) => $$"""{"type":"text_delta","text":{{Quoted(i == 0 ? w : " " + w)}}}"""));
        }

        foreach ((string id, string name, string arguments) in said.Calls)
        {
            Block($$$"""{"type":"tool_use","id":"{{{id}}}","name":"{{{name}}}","input":{}}""", new[] { arguments[..7], arguments[7..] }.Select(a => $$"""{"type":"input_json_delta","partial_json":{{Quoted(a)}}}"""));
        }

        frames.Add(Event($$$"""{"type":"message_delta","delta":{"stop_reason":"{{{Stop(said)}}}","stop_sequence":null},"usage":{"output_tokens":6}}"""));
        frames.Add(Event("""{"type":"message_stop"}"""));
        return frames;

        void Block(string block, IEnumerable<string> deltas)
        {
            frames.Add(Event($$"""{"type":"content_block_start","index":{{index}},"content_block":{{block}}}"""));
            frames.AddRange(deltas.Select(d => Event($$"""{"type":"content_block_delta","index":{{index}},"delta":{{d}}}""")));
            frames.Add(Event($$"""{"type":"content_block_stop","index":{{index++}}}"""));
        }
    }

    private static string Stop(Saying saying) => saying.IsRefusal ? "refusal" : saying.Calls.Length > 0 ? "tool_use" : "end_turn";

    /// <summary>A forced tool is answered with a call of it.</summary>
    private static Saying AsTool(Saying saying, UpstreamCall call) =>
        call.Json["tool_choice"]?["name"]?.ToString() is { } forced && saying.Calls.Length == 0 ? new Saying("", ("call_f", forced, saying.Text)) : saying;
}
