using System.Text.Json;

namespace LlmProxy.Drills.Recordings;

/// <summary>One recorded answer of a vendor: what index.json says of it, and its bytes.</summary>
internal sealed record Recording(string Id, string Provider, string Api, string Format, int Status, IReadOnlyList<(string Name, string Value)> Headers, byte[] Body, byte[]? Request)
{
    public bool IsStream => Format is "sse" or "eventstream" or "ndjson";

    public string ContentType => Format switch
    {
        "sse" => "text/event-stream",
        "eventstream" => "application/vnd.amazon.eventstream",
        "ndjson" => "application/x-ndjson",
        _ => "application/json",
    };

    /// <summary>The vendor speaks OpenAI's dialect: its own extra fields pass.</summary>
    public bool IsOpenAiDialect => Api is "chat" or "completions" or "responses" or "embeddings";

    public bool IsEmbedding => Api is "embeddings" or "gemini-embed" or "ollama-embed" or "invoke";

    public static IEnumerable<Recording> Read(string folder)
    {
        using var index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "index.json")));
        foreach (JsonElement entry in index.RootElement.EnumerateArray())
        {
            string Text(string name) => entry.GetProperty(name).GetString()!;
            yield return new Recording(
                Text("id"), Text("provider"), Text("api"), Text("format"), entry.GetProperty("status").GetInt32(),
                [.. entry.GetProperty("headers").EnumerateObject().Where(h => h.Name != "content-type").Select(h => (h.Name, h.Value.GetString()!))],
                File.ReadAllBytes(Path.Combine(folder, Text("file"))),
                entry.TryGetProperty("request", out JsonElement request) ? File.ReadAllBytes(Path.Combine(folder, request.GetString()!)) : null);
        }
    }
}
