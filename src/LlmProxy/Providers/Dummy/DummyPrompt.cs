using System.Text;
using System.Text.Json;

namespace LlmProxy.Providers.Dummy;

/// <summary>What the dummy hears of a conversation: the user's last words, the last tool results, and how long it all is.</summary>
internal sealed class DummyPrompt
{
    private const int TokensPerMessage = 4;
    private const int TokensPerImage = 85;

    private readonly StringBuilder _results = new();

    public string Asked { get; private set; } = "";

    /// <summary>Null while the last message is not the answer to a call.</summary>
    public string? ToolResult => _results.Length > 0 ? _results.ToString() : null;

    public int Tokens { get; private set; }

    public void AddMessage(string role, JsonElement? content)
    {
        string text = TextOf(content);
        Tokens += TokensPerMessage;
        if (role is "tool" or "function")
        {
            AddToolResult(text);
            return;
        }

        _results.Clear();
        if (role == "user")
        {
            Asked = text;
        }
    }

    public void AddToolResult(string text) => _results.Append(_results.Length == 0 ? "" : "; ").Append(text);

    public void AddTokens(int tokens) => Tokens += tokens;

    /// <summary>A string, or an array of parts of which only text is heard.</summary>
    public string TextOf(JsonElement? content)
    {
        if (content is not { } value)
        {
            return "";
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            return Count(value.GetString()!);
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            throw new DummyRefusal(400, "Invalid type for 'content': expected a string or an array of parts.", "messages", "invalid_type");
        }

        var text = new StringBuilder();
        foreach (JsonElement part in value.EnumerateArray())
        {
            string? words = part.ValueKind == JsonValueKind.String ? part.GetString() : part.Field("text") is { ValueKind: JsonValueKind.String } own ? own.GetString() : null;
            if (words is null)
            {
                Tokens += TokensPerImage;
                continue;
            }

            text.Append(text.Length == 0 ? "" : " ").Append(words);
        }

        return Count(text.ToString());
    }

    private string Count(string text)
    {
        Tokens += DummyText.Tokens(text);
        return text;
    }
}
