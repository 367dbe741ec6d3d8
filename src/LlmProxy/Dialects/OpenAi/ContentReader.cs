using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>A message's content: a text, or an array of parts.</summary>
internal static class ContentReader
{
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
            if (items.IsString)
            {
                parts.Add(new ChatPart { Kind = PartKind.Text, Path = place, Text = new JsonText(items.Value), Raw = items.Value });
            }
            else if (ReadPart(items.Value, place, parts) is { } wrong)
            {
                return wrong;
            }
        }

        return null;
    }

    private static GatewayError? ReadPart(ReadOnlyMemory<byte> value, string path, List<ChatPart> parts)
    {
        string? type = null;
        JsonText text = default;
        ReadOnlyMemory<byte> body = default;
        ReadOnlyMemory<byte> mark = default;
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is("type"u8))
            {
                type = members.Text();
            }
            else if (members.Is("cache_control"u8) && members.IsObject)
            {
                mark = members.Value;
            }
            else if ((members.Is("text"u8) || members.Is("refusal"u8)) && members.IsString)
            {
                text = new JsonText(members.Value);
            }
            else if (members.Is("image_url"u8) || members.Is("input_audio"u8) || members.Is("file"u8) || members.Is("video_url"u8))
            {
                body = members.Value;
            }
        }

        PartKind? kind = type switch
        {
            "text" or "refusal" or "input_text" or "output_text" => PartKind.Text,
            "image_url" => PartKind.Image,
            "input_audio" => PartKind.Audio,
            "file" => PartKind.File,
            "video_url" => PartKind.Video,
            null => null,
            _ => PartKind.Foreign,
        };
        if (kind is null)
        {
            return GatewayError.Invalid($"{path}.type", $"{path} must be an object with a \"type\".");
        }

        MediaSource? media = null;
        if (kind is PartKind.Image or PartKind.Audio or PartKind.File or PartKind.Video
            && MediaReader.Read(kind.Value, body, path, out media) is { } wrong)
        {
            return wrong;
        }

        if (kind == PartKind.Text && text.IsMissing)
        {
            return GatewayError.Missing($"{path}.text", $"{path} has no \"text\".");
        }

        parts.Add(new ChatPart { Kind = kind.Value, Path = path, Text = text, Media = media, CacheControl = mark, Raw = value });
        return null;
    }
}
