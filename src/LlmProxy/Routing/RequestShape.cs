using System.Buffers.Text;
using System.Text.Json;
using LlmProxy.Pipeline;

namespace LlmProxy.Routing;

/// <summary>
/// What a request needs of an LLM, read off its bytes without parsing the messages. A quote inside a JSON string is
/// always escaped, so a quoted word found in the bytes is a name or a whole value and never part of a text.
/// </summary>
internal static class RequestShape
{
    private const double BytesPerToken = 4;
    private const int TokensPerMedium = 1000;
    private const int LongestText = 4096;

    public static bool HasTools(RequestPeek peek, ReadOnlySpan<byte> body) =>
        HasItems(peek, body, "tools"u8) || HasItems(peek, body, "functions"u8);

    /// <summary>An answer in JSON was asked for, with or without a schema.</summary>
    public static bool WantsJson(RequestPeek peek, ReadOnlySpan<byte> body)
    {
        if (Value(peek, body, "format"u8) is [(byte)'{', ..] or [(byte)'"', (byte)'j', ..])
        {
            return true; // Ollama's: "json", or the schema itself.
        }

        return NamesJson(Value(peek, body, "response_format"u8)) || NamesJson(Value(peek, body, "text"u8))
            || NamesJson(Value(peek, body, "output_format"u8)) || NamesJson(Value(peek, body, "output_config"u8));
    }

    public static bool HasImages(ReadOnlySpan<byte> body) =>
        body.IndexOf("\"image_url\""u8) >= 0 || body.IndexOf("\"input_image\""u8) >= 0 || HasTypedImage(body) || HasImageList(body);

    /// <summary>The most tokens the answer may have, in whatever words of whatever dialect; 0 when it does not say.</summary>
    public static int MostOutput(RequestPeek peek, ReadOnlySpan<byte> body)
    {
        int most = Number(Value(peek, body, "max_completion_tokens"u8));
        most = most > 0 ? most : Number(Value(peek, body, "max_tokens"u8));
        most = most > 0 ? most : Number(Value(peek, body, "max_output_tokens"u8));
        if (most > 0)
        {
            return most;
        }

        ReadOnlySpan<byte> options = Value(peek, body, "options"u8);
        int at = options.IndexOf("\"num_predict\""u8);
        return at < 0 ? 0 : Number(options[(at + 13)..].TrimStart(": \t\r\n"u8));
    }

    /// <summary>
    /// About how many tokens the prompt has: a quarter of its bytes, an escaped letter (\u4f60) counted as the three bytes
    /// it stands for, pictures and files as a thousand each.
    /// </summary>
    public static int PromptTokens(ReadOnlySpan<byte> body)
    {
        long bytes = body.Length;
        int media = 0;
        if (body.Length > LongestText)
        {
            bytes -= 3L * body.Count("\\u"u8);
            bytes -= MediaBytes(body, out media);
        }

        return (int)Math.Min(int.MaxValue, Math.Ceiling(Math.Max(0, bytes) / BytesPerToken) + ((long)media * TokensPerMedium));
    }

    /// <summary>Bytes in strings that are too long, and too even, to be text: base64.</summary>
    private static long MediaBytes(ReadOnlySpan<byte> body, out int media)
    {
        media = 0;
        if (body.IndexOf(";base64,"u8) < 0 && body.IndexOf("\"base64\""u8) < 0 && body.IndexOf("\"images\""u8) < 0 && body.IndexOf("\"input_audio\""u8) < 0)
        {
            return 0;
        }

        long bytes = 0;
        while (body.IndexOf((byte)'"') is >= 0 and var start)
        {
            body = body[(start + 1)..];
            int length = body.IndexOfAny((byte)'"', (byte)'\\', (byte)' ');
            if (length < 0)
            {
                break;
            }

            if (length > LongestText && body[length] == (byte)'"')
            {
                bytes += length;
                media++;
            }

            // The rest of a text with escapes or blanks is passed over, up to the quote that ends it.
            while (length < body.Length && body[length] != (byte)'"')
            {
                length += body[length] == (byte)'\\' ? 2 : 1;
                int next = length < body.Length ? body[length..].IndexOfAny((byte)'"', (byte)'\\') : -1;
                length = next < 0 ? body.Length : length + next;
            }

            body = body[Math.Min(length + 1, body.Length)..];
        }

        return bytes;
    }

    /// <summary>"type": "image", and not the word elsewhere.</summary>
    private static bool HasTypedImage(ReadOnlySpan<byte> body)
    {
        while (body.IndexOf("\"image\""u8) is >= 0 and var at)
        {
            ReadOnlySpan<byte> before = body[..at].TrimEnd(" \t\r\n"u8);
            if (before is [.., (byte)':'] && before[..^1].TrimEnd(" \t\r\n"u8).EndsWith("\"type\""u8))
            {
                return true;
            }

            body = body[(at + 7)..];
        }

        return false;
    }

    /// <summary>Ollama's "images": [ … ] with something in it.</summary>
    private static bool HasImageList(ReadOnlySpan<byte> body)
    {
        while (body.IndexOf("\"images\""u8) is >= 0 and var at)
        {
            body = body[(at + 8)..].TrimStart(" \t\r\n"u8);
            if (body is [(byte)':', ..] && body[1..].TrimStart(" \t\r\n"u8) is [(byte)'[', .. var items] && items.TrimStart(" \t\r\n"u8) is [(byte)'"', ..])
            {
                return true;
            }
        }

        return false;
    }

    private static bool NamesJson(ReadOnlySpan<byte> format) =>
        format.IndexOf("\"json_schema\""u8) >= 0 || format.IndexOf("\"json_object\""u8) >= 0;

    private static bool HasItems(RequestPeek peek, ReadOnlySpan<byte> body, ReadOnlySpan<byte> name) =>
        Value(peek, body, name) is [(byte)'[', .. var items] && items.TrimStart(" \t\r\n"u8) is [not (byte)']', ..];

    private static int Number(ReadOnlySpan<byte> value) => Utf8Parser.TryParse(value, out int number, out _) && number > 0 ? number : 0;

    private static ReadOnlySpan<byte> Value(RequestPeek peek, ReadOnlySpan<byte> body, ReadOnlySpan<byte> name)
    {
        int member = peek.Members.Find(body, name);
        return member < 0 || peek.Members[member].Kind == JsonTokenType.Null ? default : peek.Members[member].Value(body);
    }
}
