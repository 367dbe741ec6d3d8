using System.Buffers;
using System.Text;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Anthropic;

/// <summary>A block that users and tools speak in: text, image, document, search result. Blocks of other kinds stay foreign.</summary>
internal static class ContentBlock
{
    public static string? TypeOf(ReadOnlyMemory<byte> block)
    {
        if (block.Span[0] != '{')
        {
            return null;
        }

        var members = new JsonWalk(block);
        while (members.Next())
        {
            if (members.Is("type"u8))
            {
                return members.Text();
            }
        }

        return null;
    }

    public static GatewayError? Read(ReadOnlyMemory<byte> block, string path, List<ChatPart> parts)
    {
        switch (TypeOf(block))
        {
            case null:
                return GatewayError.Invalid($"{path}.type", $"{path} must be an object with a \"type\".");
            case "text":
                return ReadText(block, path, parts);
            case "image":
                return ReadImage(block, path, parts);
            case "document":
                return DocumentBlock.Read(block, path, parts);
            case "search_result":
                parts.Add(new ChatPart { Kind = PartKind.Text, Path = path, Text = SearchResult(block), CacheControl = MarkOf(block), Raw = block });
                return null;
            default:
                parts.Add(new ChatPart { Kind = PartKind.Foreign, Path = path, Raw = block });
                return null;
        }
    }

    /// <summary>The block's prompt-cache mark; empty: none.</summary>
    public static ReadOnlyMemory<byte> MarkOf(ReadOnlyMemory<byte> block)
    {
        var members = new JsonWalk(block);
        while (members.Next())
        {
            if (members.Is("cache_control"u8) && members.IsObject)
            {
                return members.Value;
            }
        }

        return default;
    }

    /// <summary>Where a block's media is; null when its source is of a kind that is not known.</summary>
    public static MediaSource? Source(ReadOnlyMemory<byte> source, string? fileName)
    {
        string? type = null;
        string? mediaType = null;
        string? address = null;
        string? id = null;
        JsonText data = default;
        var members = new JsonWalk(source);
        while (members.Next())
        {
            type = members.Is("type"u8) ? members.Text() : type;
            mediaType = members.Is("media_type"u8) ? members.Text() : mediaType;
            address = members.Is("url"u8) ? members.Text() : address;
            id = members.Is("file_id"u8) ? members.Text() : id;
            data = members.Is("data"u8) && members.IsString ? new JsonText(members.Value) : data;
        }

        return type switch
        {
            "base64" when !data.IsEmpty => new MediaSource { Base64 = Plain(data), MediaType = mediaType, FileName = fileName },
            "text" => new MediaSource { Base64 = Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(data.ToString()))), MediaType = mediaType ?? "text/plain", FileName = fileName },
            "url" when Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" => new MediaSource { Url = address, FileName = fileName },
            "file" when id is not null => new MediaSource { FileId = id, FileName = fileName },
            _ => null,
        };
    }

    private static GatewayError? ReadText(ReadOnlyMemory<byte> block, string path, List<ChatPart> parts)
    {
        JsonText text = default;
        ReadOnlyMemory<byte> mark = default;
        var members = new JsonWalk(block);
        while (members.Next())
        {
            text = members.Is("text"u8) && members.IsString ? new JsonText(members.Value) : text;
            mark = members.Is("cache_control"u8) && members.IsObject ? members.Value : mark;
        }

        if (text.IsMissing)
        {
            return GatewayError.Missing($"{path}.text", $"{path} has no \"text\".");
        }

        parts.Add(new ChatPart { Kind = PartKind.Text, Path = path, Text = text, CacheControl = mark, Raw = block });
        return null;
    }

    private static GatewayError? ReadImage(ReadOnlyMemory<byte> block, string path, List<ChatPart> parts)
    {
        MediaSource? media = null;
        var members = new JsonWalk(block);
        while (members.Next())
        {
            media = members.Is("source"u8) && members.IsObject ? Source(members.Value, null) : media;
        }

        if (media is null)
        {
            return GatewayError.Invalid($"{path}.source", $"{path}.source must be of type base64 (with \"data\" and \"media_type\"), url or file.");
        }

        parts.Add(new ChatPart { Kind = PartKind.Image, Path = path, Media = media, CacheControl = MarkOf(block), Raw = block });
        return null;
    }

    /// <summary>Base64 without the escapes and line ends that some writers put into it.</summary>
    private static ReadOnlyMemory<byte> Plain(JsonText text)
    {
        ReadOnlyMemory<byte> inner = text.Token[1..^1];
        return inner.Span.IndexOfAny((byte)'\\', (byte)' ') < 0
            ? inner
            : Encoding.UTF8.GetBytes(string.Concat(text.ToString().Where(c => !char.IsWhiteSpace(c))));
    }

    /// <summary>Elsewhere a search result is text: its title, where it is from, what it says.</summary>
    private static JsonText SearchResult(ReadOnlyMemory<byte> block)
    {
        JsonText title = default;
        JsonText source = default;
        var texts = new List<ChatPart>();
        var members = new JsonWalk(block);
        while (members.Next())
        {
            if (members.Is("title"u8) && members.IsString)
            {
                title = new JsonText(members.Value);
            }
            else if (members.Is("source"u8) && members.IsString)
            {
                source = new JsonText(members.Value);
            }
            else if (members.Is("content"u8) && members.IsArray)
            {
                var content = new JsonWalk(members.Value);
                while (content.Next())
                {
                    if (TypeOf(content.Value) == "text")
                    {
                        ReadText(content.Value, "", texts);
                    }
                }
            }
        }

        var text = new ArrayBufferWriter<byte>();
        text.Write("\""u8);
        text.Write(title.Escaped);
        text.Write(" ("u8);
        text.Write(source.Escaped);
        text.Write(")"u8);
        foreach (ChatPart part in texts)
        {
            text.Write("\\n\\n"u8);
            text.Write(part.Text.Escaped);
        }

        text.Write("\""u8);
        return new JsonText(text.WrittenMemory);
    }
}
