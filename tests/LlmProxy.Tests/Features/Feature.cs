using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmProxy.Tests.Features;

/// <summary>One thing that a chat request can ask: the fields that ask it, beside or instead of the usual ones.</summary>
/// <param name="Names">How it is named where it is dropped, if not by the fields' own names.</param>
internal sealed record Feature(string Group, string Name, string Fields, params string[] Names)
{
    private const string Usual = """{"model":"m","messages":[{"role":"user","content":"Hello"}],"max_tokens":4000}""";

    /// <summary>What is compared with: the same request without it.</summary>
    public string Without { get; init; } = "{}";

    public string Request => Merged(Fields);

    public string Baseline => Merged(Without);

    public IEnumerable<string> Dropped => Names.Length > 0 ? Names : JsonNode.Parse(Fields)!.AsObject().Select(f => f.Key);

    private static string Merged(string fields)
    {
        JsonObject request = JsonNode.Parse(Usual)!.AsObject();
        foreach ((string name, JsonNode? value) in JsonNode.Parse(fields)!.AsObject())
        {
            request[name] = value?.DeepClone();
        }

        return request.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }
}
