using System.Text.Json.Nodes;
using LlmProxy.Pipeline;

namespace LlmProxy.Tests.Conversation.Shortening;

/// <summary>Conversations of messages with marks, and which marks are left.</summary>
internal static class LongTalk
{
    /// <summary>A message of about a hundred tokens that begins with its mark.</summary>
    public static string Said(string role, string mark) => $$"""{"role":"{{role}}","content":"{{mark}} {{new string('x', 400)}}"}""";

    public static string Call(string id) => $$$"""{"role":"assistant","content":null,"tool_calls":[{"id":"{{{id}}}","type":"function","function":{"name":"f","arguments":"{{{id}}} {{{new string('y', 400)}}}"}}]}""";

    public static string Result(string id) => $$"""{"role":"tool","tool_call_id":"{{id}}","content":"of-{{id}} {{new string('z', 400)}}"}""";

    public static Exchange Chat(params string[] messages) => Turns.Exchange($$"""{"model":"m","messages":[{{string.Join(", ", messages)}}]}""");

    public static Exchange Wishing(params string[] messages) =>
        Turns.Exchange($$"""{"model":"m","llm":{"truncate":true},"messages":[{{string.Join(", ", messages)}}]}""");

    /// <summary>The first word of each message that is left.</summary>
    public static string Left(Exchange exchange, string array = "messages") =>
        string.Join(' ', JsonNode.Parse(exchange.Body!.Span)![array]!.AsArray().Select(Mark));

    private static string Mark(JsonNode? message)
    {
        JsonNode? said = message!["content"] ?? message["tool_calls"]?[0]!["function"]!["arguments"] ?? message["arguments"] ?? message["output"] ?? message["summary"];
        string text = said is JsonArray blocks
            ? string.Join('+', blocks.Select(b => (b!["text"] ?? b["id"] ?? b["tool_use_id"])!.ToString().Split(' ')[0]))
            : said!.ToString();
        return text.Split(' ')[0];
    }
}
