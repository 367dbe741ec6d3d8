using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Anthropic;

/// <summary>Pieces of a message as Anthropic's content blocks. https://platform.claude.com/docs/en/build-with-claude/vision, /pdf-support, /files</summary>
internal static class AnthropicParts
{
    public const string FilesBeta = "files-api-2025-04-14";

    /// <summary>Text without a letter is refused ("text content blocks must contain non-whitespace text").</summary>
    public static bool IsBlank(ReadOnlySpan<byte> escaped)
    {
        while (!escaped.IsEmpty)
        {
            if (escaped[0] is (byte)' ')
            {
                escaped = escaped[1..];
            }
            else if (escaped.Length > 1 && escaped[0] == '\\' && escaped[1] is (byte)'n' or (byte)'t' or (byte)'r')
            {
                escaped = escaped[2..];
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    public static bool IsWorthSending(ChatPart part) => part.Kind != PartKind.Text || !IsBlank(part.Text.Escaped);

    public static void Write(Utf8JsonWriter json, ChatTurn turn, ChatPart part, ReadOnlyMemory<byte> mark)
    {
        switch (part.Kind)
        {
            case PartKind.Text:
                WriteText(json, part.Text.Escaped, mark);
                break;
            case PartKind.Image:
                WriteImage(json, turn, part, mark);
                break;
            case PartKind.File:
                WriteDocument(json, turn, part, mark);
                break;
            case PartKind.Foreign when IsOwnBlock(part.Raw):
                json.WriteRawValue(part.Raw.Span, skipInputValidation: true);
                break;
            default:
                throw turn.Refuse(part.Path, $"it reads text, images and documents, not {(part.Kind == PartKind.Foreign ? "this type of part" : part.Kind.ToString().ToLowerInvariant())}.");
        }
    }

    public static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> escaped, ReadOnlyMemory<byte> mark)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        json.WritePropertyName("text"u8);
        WriteEscaped(json, escaped);
        WriteMark(json, mark);
        json.WriteEndObject();
    }

    public static void WriteMark(Utf8JsonWriter json, ReadOnlyMemory<byte> mark)
    {
        if (!mark.IsEmpty)
        {
            json.WritePropertyName("cache_control"u8);
            json.WriteRawValue(mark.Span, skipInputValidation: true);
        }
    }

    private static void WriteEscaped(Utf8JsonWriter json, ReadOnlySpan<byte> escaped)
    {
        byte[] token = new byte[escaped.Length + 2];
        token[0] = token[^1] = (byte)'"';
        escaped.CopyTo(token.AsSpan(1));
        json.WriteRawValue(token, skipInputValidation: true);
    }

    private static void WriteImage(Utf8JsonWriter json, ChatTurn turn, ChatPart part, ReadOnlyMemory<byte> mark)
    {
        MediaSource media = turn.MediaOf(part);
        if (part.Media!.Detail is "low" or "high")
        {
            turn.Fields.Drop("messages[].content[].image_url.detail");
        }

        json.WriteStartObject();
        json.WriteString("type"u8, "image"u8);
        json.WriteStartObject("source"u8);
        if (media.FileId is not null || media.Base64.IsEmpty)
        {
            WriteReference(json, turn, part, media);
        }
        else
        {
            // What the bytes are counts: the vendor refuses a name that contradicts them.
            string? type = ImageType(media.Base64.Span) ?? (media.MediaType == "image/jpg" ? "image/jpeg" : media.MediaType);
            if (type is not ("image/png" or "image/jpeg" or "image/gif" or "image/webp"))
            {
                throw turn.Refuse(part.Path, $"it reads PNG, JPEG, GIF and WebP images, not {type ?? "bytes without a media type"}.");
            }

            json.WriteString("type"u8, "base64"u8);
            json.WriteString("media_type"u8, type);
            json.WriteString("data"u8, media.Base64.Span);
        }

        json.WriteEndObject();
        WriteMark(json, mark);
        json.WriteEndObject();
    }

    private static void WriteDocument(Utf8JsonWriter json, ChatTurn turn, ChatPart part, ReadOnlyMemory<byte> mark)
    {
        MediaSource media = turn.MediaOf(part);
        string type = media.MediaType ?? "application/pdf";
        if (type.StartsWith("image/", StringComparison.OrdinalIgnoreCase) && media.FileId is null)
        {
            WriteImage(json, turn, part, mark);
            return;
        }

        json.WriteStartObject();
        json.WriteString("type"u8, "document"u8);
        json.WriteStartObject("source"u8);
        if (media.FileId is not null || media.Base64.IsEmpty)
        {
            WriteReference(json, turn, part, media);
        }
        else if (type.Equals("application/pdf", StringComparison.OrdinalIgnoreCase))
        {
            json.WriteString("type"u8, "base64"u8);
            json.WriteString("media_type"u8, "application/pdf"u8);
            json.WriteString("data"u8, media.Base64.Span);
        }
        else
        {
            json.WriteString("type"u8, "text"u8);
            json.WriteString("media_type"u8, "text/plain"u8);
            json.WriteString("data"u8, TextOf(turn, part, media, type));
        }

        json.WriteEndObject();
        if (media.FileName is { Length: > 0 } name)
        {
            json.WriteString("title"u8, name);
        }

        WriteMark(json, mark);
        json.WriteEndObject();
    }

    private static void WriteReference(Utf8JsonWriter json, ChatTurn turn, ChatPart part, MediaSource media)
    {
        if (media.FileId is { } id)
        {
            json.WriteString("type"u8, "file"u8);
            json.WriteString("file_id"u8, id);
            AnthropicBetas.Add(turn, FilesBeta);
            return;
        }

        if (media.Url is not { } url || !url.StartsWith("http", StringComparison.OrdinalIgnoreCase))
        {
            throw turn.Refuse(part.Path, "it fetches only from addresses that begin with https://.");
        }

        json.WriteString("type"u8, "url"u8);
        json.WriteString("url"u8, url);
    }

    private static byte[] TextOf(ChatTurn turn, ChatPart part, MediaSource media, string type)
    {
        bool isText = type.StartsWith("text/", StringComparison.OrdinalIgnoreCase)
            || type.ToLowerInvariant() is "application/json" or "application/xml" or "application/yaml" or "application/x-yaml" or "application/javascript";
        byte[] bytes = new byte[media.Base64.Length];
        if (!isText
            || System.Buffers.Text.Base64.DecodeFromUtf8(media.Base64.Span, bytes, out _, out int written) != System.Buffers.OperationStatus.Done
            || !System.Text.Unicode.Utf8.IsValid(bytes.AsSpan(0, written)))
        {
            throw turn.Refuse(part.Path, isText ? "its text is not base64 of UTF-8." : $"it reads PDFs and plain text, not {type}.");
        }

        return bytes[..written];
    }

    /// <summary>By the first bytes, as they look in base64.</summary>
    private static string? ImageType(ReadOnlySpan<byte> base64) =>
        base64.StartsWith("iVBORw0KGgo"u8) ? "image/png"
        : base64.StartsWith("/9j/"u8) ? "image/jpeg"
        : base64.StartsWith("R0lGOD"u8) ? "image/gif"
        : base64.StartsWith("UklGR"u8) ? "image/webp"
        : null;

    /// <summary>A block of Anthropic's own that a client of another dialect wrote down as it is.</summary>
    private static bool IsOwnBlock(ReadOnlyMemory<byte> raw)
    {
        var members = new JsonWalk(raw);
        while (members.Next())
        {
            if (members.Is("type"u8))
            {
                return members.Text() is { } type
                    && (type is "document" or "image" or "search_result" or "container_upload" or "server_tool_use" or "mcp_tool_use" or "tool_reference" or "compaction"
                        || type.EndsWith("_tool_result", StringComparison.Ordinal));
            }
        }

        return false;
    }
}
