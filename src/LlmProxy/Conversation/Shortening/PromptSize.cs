using System.Text.Json;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Conversation.Shortening;

/// <summary>
/// About how many tokens a request's prompt is, from its bytes alone: four letters a token, three bytes of other scripts,
/// a picture a thousand whatever its bytes. Good enough to admit and to cut by, and as cheap as reading the bytes once.
/// </summary>
internal static class PromptSize
{
    private const int LettersPerToken = 4;
    private const int ForeignBytesPerToken = 3;
    private const int TokensOfMedia = 1000;
    private const int ShortestMedia = 1024;
    private const int LongestQuickRead = 16 * 1024;

    /// <summary>Everything that the model reads: messages, instructions, tools, schemas. 0 for a form.</summary>
    public static long Estimate(Exchange exchange) =>
        exchange.Peek is { } peek && exchange.Body is { } body ? Estimate(peek, body.Span) : 0;

    /// <summary>The same, where it must cost nothing: a long body without media is not read, a token is four of its bytes.</summary>
    public static long Quickly(Exchange exchange)
    {
        if (exchange.Peek is not { } peek || exchange.Body is not { } body)
        {
            return 0;
        }

        ReadOnlySpan<byte> json = body.Span;
        return json.Length > LongestQuickRead && json.IndexOf(";base64,"u8) < 0 ? json.Length / LettersPerToken : Estimate(peek, json);
    }

    /// <summary>At most so many: by the body's length, where reading it is not worth it.</summary>
    public static long ByLength(Exchange exchange) =>
        exchange.Body is not { } body ? 0 : body.Bytes.Length > LongestQuickRead ? Quickly(exchange) : body.Bytes.Length / LettersPerToken;

    public static long Estimate(RequestPeek peek, ReadOnlySpan<byte> body)
    {
        long tokens = 0;
        for (int i = 0; i < peek.Members.Count; i++)
        {
            ref readonly JsonMember member = ref peek.Members[i];
            bool isText = member.Kind is JsonTokenType.String or JsonTokenType.StartArray or JsonTokenType.StartObject;
            if (isText && i != peek.WishesMember && i != peek.ModelMember)
            {
                tokens += Estimate(member.Value(body));
            }
        }

        return tokens;
    }

    /// <summary>The same for one JSON value.</summary>
    public static long Estimate(ReadOnlySpan<byte> json)
    {
        long tokens = 0;
        var reader = new Utf8JsonReader(json, JsonMembers.ReaderOptions);
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
            {
                tokens += OfText(reader.ValueSpan);
            }
            else if (reader.TokenType is JsonTokenType.Number)
            {
                tokens++;
            }
        }

        return tokens;
    }

    /// <summary>One piece of text.</summary>
    public static long OfText(ReadOnlySpan<byte> text)
    {
        if (text.Length >= ShortestMedia && IsMedia(text))
        {
            return Math.Min(TokensOfMedia, text.Length / LettersPerToken);
        }

        int foreign = 0;
        if (!System.Text.Ascii.IsValid(text))
        {
            foreach (byte b in text)
            {
                foreign += b >> 7;
            }
        }

        return ((text.Length - foreign + LettersPerToken - 1) / LettersPerToken) + (foreign / ForeignBytesPerToken);
    }

    /// <summary>Base64, as a data URL or bare: no text goes on for so long without a space.</summary>
    private static bool IsMedia(ReadOnlySpan<byte> text) =>
        text.StartsWith("data:"u8) || text[..512].IndexOfAny(" \\,.:"u8) < 0;
}
