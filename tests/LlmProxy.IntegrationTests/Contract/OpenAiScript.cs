using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests.Contract;

/// <summary>OpenAI's dialect, for every vendor that speaks it.</summary>
public sealed class OpenAiScript(string provider) : VendorScript
{
    private const string Usage = """{"prompt_tokens":12,"completion_tokens":6,"total_tokens":18}""";

    public override string Provider => provider;

    public override string Dialect => "openai";

    public override string BaseUrl(string address) => provider == "azure" ? address : address + "/v1";

    public override byte[] Opening => Chunk("""{"role":"assistant","content":"Grüße"}""", "null");

    public override (int Status, string Body) Overload => (503, """{"error":{"message":"The engine is overloaded","type":"server_error","param":null,"code":null}}""");

    public override byte[] OverloadFrame => Data("""{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}""");

    public override string Whole(Saying saying, UpstreamCall call)
    {
        string calls = string.Join(',', saying.Calls.Select(c => $$$"""{"id":"{{{c.Id}}}","type":"function","function":{"name":"{{{c.Name}}}","arguments":{{{Quoted(c.Arguments)}}}}}"""));
        string message = saying.IsRefusal ? "\"content\":null,\"refusal\":\"No.\""
            : calls.Length > 0 ? $"\"content\":null,\"refusal\":null,\"tool_calls\":[{calls}]"
            : $"\"content\":{Quoted(saying.Text)},\"refusal\":null";
        return $$$"""{"id":"chatcmpl-9","object":"chat.completion","created":1790000000,"model":"m","choices":[{"index":0,"message":{"role":"assistant",{{{message}}}},"logprobs":null,"finish_reason":"{{{Finish(saying)}}}"}],"usage":{{{Usage}}}}""";
    }

    public override IReadOnlyList<byte[]> Frames(Saying saying, UpstreamCall call)
    {
        List<byte[]> frames = [Chunk("""{"role":"assistant","content":null}""", "null")];
        if (saying.IsRefusal)
        {
            frames.Add(Chunk("""{"refusal":"No."}""", "null"));
        }

        if (saying.Text.Length > 0)
        {
            frames.AddRange(saying.Text.Split(' ').Select((w, i) => Chunk($$"""{"content":{{Quoted(i == 0 ? w : " " + w)}}}""", "null")));
        }

        for (int i = 0; i < saying.Calls.Length; i++)
        {
            (string id, string name, string arguments) = saying.Calls[i];
            frames.Add(Chunk($$$"""{"tool_calls":[{"index":{{{i}}},"id":"{{{id}}}","type":"function","function":{"name":"{{{name}}}","arguments":""}}]}""", "null"));
            frames.Add(Chunk($$$"""{"tool_calls":[{"index":{{{i}}},"function":{"arguments":{{{Quoted(arguments[..7])}}}}}]}""", "null"));
            frames.Add(Chunk($$$"""{"tool_calls":[{"index":{{{i}}},"function":{"arguments":{{{Quoted(arguments[7..])}}}}}]}""", "null"));
        }

        frames.Add(Chunk("{}", $"\"{Finish(saying)}\""));
        frames.Add(Data($$"""{"id":"chatcmpl-9","object":"chat.completion.chunk","created":1790000000,"model":"m","choices":[],"usage":{{Usage}}}"""));
        frames.Add(Data("[DONE]"));
        return frames;
    }

    private static string Finish(Saying saying) => saying.Calls.Length > 0 ? "tool_calls" : "stop";

    private static byte[] Chunk(string delta, string finish) =>
        Data($$"""{"id":"chatcmpl-9","object":"chat.completion.chunk","created":1790000000,"model":"m","choices":[{"index":0,"delta":{{delta}},"finish_reason":{{finish}}}]}""");
}
