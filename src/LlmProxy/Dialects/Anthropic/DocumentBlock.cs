using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Anthropic;

/// <summary>A document: its title is its file's name elsewhere, its context a text before it.</summary>
internal static class DocumentBlock
{
    public static GatewayError? Read(ReadOnlyMemory<byte> block, string path, List<ChatPart> parts)
    {
        JsonText context = default;
        string? title = null;
        ReadOnlyMemory<byte> source = default;
        var members = new JsonWalk(block);
        while (members.Next())
        {
            if (members.Is("title"u8) && members.IsString)
            {
                title = members.Text();
            }
            else if (members.Is("context"u8) && members.IsString)
            {
                context = new JsonText(members.Value);
            }
            else if (members.Is("source"u8) && members.IsObject)
            {
                source = members.Value;
            }
        }

        if (!context.IsEmpty)
        {
            parts.Add(new ChatPart { Kind = PartKind.Text, Path = $"{path}.context", Text = context, Raw = context.Token });
        }

        if (!source.IsEmpty && ContentBlock.TypeOf(source) == "content")
        {
            return ReadContent(source, path, parts);
        }

        MediaSource? media = source.IsEmpty ? null : ContentBlock.Source(source, title);
        if (media is null)
        {
            return GatewayError.Invalid($"{path}.source", $"{path}.source must be of type base64, text, content, url or file.");
        }

        if (media.MediaType is null && media.FileId is null)
        {
            media = media with { MediaType = "application/pdf" };
        }

        parts.Add(new ChatPart { Kind = PartKind.File, Path = path, Media = media, CacheControl = ContentBlock.MarkOf(block), Raw = block });
        return null;
    }

    /// <summary>A document that is a text, or blocks, already.</summary>
    private static GatewayError? ReadContent(ReadOnlyMemory<byte> source, string path, List<ChatPart> parts)
    {
        var members = new JsonWalk(source);
        while (members.Next())
        {
            if (!members.Is("content"u8))
            {
                continue;
            }

            if (members.IsString)
            {
                parts.Add(new ChatPart { Kind = PartKind.Text, Path = path, Text = new JsonText(members.Value), Raw = members.Value });
                continue;
            }

            var blocks = new JsonWalk(members.Value);
            while (blocks.Next())
            {
                if (ContentBlock.Read(blocks.Value, $"{path}.source.content[{blocks.Index}]", parts) is { } wrong)
                {
                    return wrong;
                }
            }
        }

        return null;
    }
}
