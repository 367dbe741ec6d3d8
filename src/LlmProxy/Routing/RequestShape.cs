using System.Text.Json;
using LlmProxy.Pipeline;

namespace LlmProxy.Routing;

/// <summary>
/// What a request needs of an LLM, read off its bytes without parsing the messages. A quote inside a JSON string is
/// always escaped, so a quoted word found in the bytes is a name or a whole value and never part of a text.
/// </summary>
internal static class RequestShape
{
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

    private static ReadOnlySpan<byte> Value(RequestPeek peek, ReadOnlySpan<byte> body, ReadOnlySpan<byte> name)
    {
        int member = peek.Members.Find(body, name);
        return member < 0 || peek.Members[member].Kind == JsonTokenType.Null ? default : peek.Members[member].Value(body);
    }
}
