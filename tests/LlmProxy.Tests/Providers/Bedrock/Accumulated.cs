using System.Text.Json.Nodes;

namespace LlmProxy.Tests.Providers.Bedrock;

/// <summary>What an OpenAI client has when it has put all chunks together, or read the whole answer.</summary>
internal sealed record Accumulated(string Text, string Reasoning, string? Finish, string Joined)
{
    public string[] Calls => Joined.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static Accumulated Of(string stream)
    {
        string text = "";
        string reasoning = "";
        string? finish = null;
        var calls = new SortedDictionary<int, string>();
        foreach (string line in stream.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal)))
        {
            foreach (JsonNode? choice in JsonNode.Parse(line[6..])!["choices"]!.AsArray())
            {
                JsonNode delta = choice!["delta"]!;
                text += (string?)delta["content"];
                reasoning += (string?)delta["reasoning_content"];
                finish = (string?)choice["finish_reason"] ?? finish;
                foreach (JsonNode? call in delta["tool_calls"]?.AsArray() ?? [])
                {
                    int index = (int)call!["index"]!;
                    calls[index] = calls.GetValueOrDefault(index) + (call["id"] is { } id ? $"{id} {call["function"]!["name"]} " : "") + (string?)call["function"]?["arguments"];
                }
            }
        }

        return new Accumulated(text, reasoning, finish, string.Join('\n', calls.Values));
    }

    public static Accumulated OfWhole(string answer)
    {
        JsonNode choice = JsonNode.Parse(answer)!["choices"]![0]!;
        JsonNode message = choice["message"]!;
        IEnumerable<string> calls = (message["tool_calls"]?.AsArray() ?? []).Select(call => $"{call!["id"]} {call["function"]!["name"]} {call["function"]!["arguments"]}");
        return new Accumulated((string?)message["content"] ?? "", (string?)message["reasoning_content"] ?? "", (string?)choice["finish_reason"], string.Join('\n', calls));
    }
}
