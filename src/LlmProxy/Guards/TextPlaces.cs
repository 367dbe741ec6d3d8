using System.Buffers;
using System.Text.Json;
using LlmProxy.Wire;

namespace LlmProxy.Guards;

/// <summary>What a string in a request or an answer is: text, a picture, or JSON again.</summary>
internal static class TextPlaces
{
    private const int ShortestMedia = 512;

    private static readonly SearchValues<byte> Base64 = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_"u8);

    /// <summary>Base64, bare or as a data URL: no text goes on for so long without a space or a mark.</summary>
    public static bool IsMedia(ReadOnlySpan<byte> text) => text.Length >= ShortestMedia
        && ((text.StartsWith("data:"u8) && text[..128].IndexOf(";base64,"u8) > 0) || text.IndexOfAnyExcept(Base64) < 0);

    public static bool LooksLikeJson(ReadOnlySpan<char> text) => text.Trim(" \r\n\t") is ['{', .., '}'] or ['[', .., ']'];

    public static bool IsJson(ReadOnlySpan<byte> text)
    {
        try
        {
            var reader = new Utf8JsonReader(text, JsonMembers.ReaderOptions);
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
