using System.Text;
using System.Text.Json;
using LlmProxy.Routing;

namespace LlmProxy.Conversation;

/// <summary>A JSON string as it stood in its text, quotes and escapes included: it goes from dialect to dialect without being decoded.</summary>
internal readonly struct JsonText(ReadOnlyMemory<byte> token)
{
    /// <summary>With the quotes; empty when there is no text at all.</summary>
    public ReadOnlyMemory<byte> Token { get; } = token;

    public bool IsMissing => Token.IsEmpty;

    public bool IsEmpty => Token.Length <= 2;

    /// <summary>What stands between the quotes, escapes as they are.</summary>
    public ReadOnlySpan<byte> Escaped => Token.IsEmpty ? default : Token.Span[1..^1];

    public static JsonText Of(string text) => new(JsonSerializer.SerializeToUtf8Bytes(text, RouteTarget.JsonOptions));

    /// <summary>Whether the text is exactly this; for words without escapes.</summary>
    public bool Is(ReadOnlySpan<byte> word) => Escaped.SequenceEqual(word);

    public void WriteTo(Utf8JsonWriter json) => json.WriteRawValue(Token.Span, skipInputValidation: true);

    /// <summary>Decoded. Half a surrogate pair, which JSON can spell and text cannot hold, becomes the replacement character.</summary>
    public override string ToString()
    {
        if (Token.IsEmpty)
        {
            return "";
        }

        var reader = new Utf8JsonReader(Token.Span);
        reader.Read();
        try
        {
            return reader.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            return Encoding.UTF8.GetString(Escaped);
        }
    }
}
