using LlmProxy.Conversation;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Responses;

/// <summary>The content of a message or of a tool's result: a text, or an array of parts.</summary>
internal static class ResponsesContentReader
{
    private static readonly byte[] Ephemeral = """{"type":"ephemeral"}"""u8.ToArray();

    public static GatewayError? Read(ReadOnlyMemory<byte> value, string path, List<ChatPart> parts)
    {
        if (value.Span[0] == '"')
        {
            parts.Add(new ChatPart { Kind = PartKind.Text, Path = path, Text = new JsonText(value), Raw = value });
            return null;
        }

        if (value.Span[0] != '[')
        {
            return GatewayError.Invalid(path, $"{path} must be a string or an array of parts.");
        }

        var items = new JsonWalk(value);
        while (items.Next())
        {
            string place = $"{path}[{items.Index}]";
            GatewayError? wrong = items.IsObject ? ReadPart(items.Value, place, parts) : GatewayError.Invalid(place, $"{place} must be an object with a \"type\".");
            if (wrong is not null)
            {
                return wrong;
            }
        }

        return null;
    }

    private static GatewayError? ReadPart(ReadOnlyMemory<byte> value, string path, List<ChatPart> parts)
    {
        string type = ResponsesItems.Type(value).ToString();
        PartKind? kind = type switch
        {
            "input_text" or "output_text" or "text" or "refusal" => PartKind.Text,
            "input_image" => PartKind.Image,
            "input_file" => PartKind.File,
            "input_audio" => PartKind.Audio,
            "" => null,
            _ => PartKind.Foreign,
        };
        if (kind is null)
        {
            return GatewayError.Invalid($"{path}.type", $"{path} must be an object with a \"type\".");
        }

        JsonText text = default;
        MediaSource? media = null;
        if (kind == PartKind.Text)
        {
            string member = type == "refusal" ? "refusal" : "text";
            text = ResponsesItems.Text(value, type == "refusal" ? "refusal"u8 : "text"u8);
            if (text.IsMissing)
            {
                return GatewayError.Missing($"{path}.{member}", $"{path} has no \"{member}\".");
            }
        }
        else if (kind != PartKind.Foreign && ReadMedia(kind.Value, value, path, out media) is { } wrong)
        {
            return wrong;
        }

        parts.Add(new ChatPart { Kind = kind.Value, Path = path, Text = text, Media = media, CacheControl = Mark(value), Raw = value });
        return null;
    }

    private static GatewayError? ReadMedia(PartKind kind, ReadOnlyMemory<byte> value, string path, out MediaSource? media)
    {
        if (kind == PartKind.Audio)
        {
            return MediaReader.Read(kind, ResponsesItems.Raw(value, "input_audio"u8), path, out media);
        }

        if (kind == PartKind.File)
        {
            return MediaReader.Read(kind, value, path, out media);
        }

        string? detail = ResponsesItems.Text(value, "detail"u8) is { IsEmpty: false } said ? said.ToString() : null;
        ReadOnlyMemory<byte> address = ResponsesItems.Raw(value, "image_url"u8);
        if (!address.IsEmpty && address.Span[0] == '"')
        {
            return MediaReader.FromAddress(new JsonText(address), $"{path}.image_url", detail, null, out media);
        }

        if (!address.IsEmpty)
        {
            return MediaReader.Read(kind, address, $"{path}.image_url", out media); // Chat's form, which clients send here too.
        }

        JsonText id = ResponsesItems.Text(value, "file_id"u8);
        media = id.IsEmpty ? null : new MediaSource { FileId = id.ToString(), Detail = detail };
        return media is null ? GatewayError.Missing($"{path}.image_url", $"{path} has neither \"image_url\" nor \"file_id\".") : null;
    }

    /// <summary>OpenAI's break point says what Anthropic's mark says: up to here it pays to remember.</summary>
    private static ReadOnlyMemory<byte> Mark(ReadOnlyMemory<byte> value)
    {
        ReadOnlyMemory<byte> mark = ResponsesItems.Raw(value, "cache_control"u8);
        return !mark.IsEmpty ? mark : ResponsesItems.Raw(value, "prompt_cache_breakpoint"u8).IsEmpty ? default : Ephemeral;
    }
}
