using LlmProxy.Conversation;
using LlmProxy.Dialects.OpenAi;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Ollama;

/// <summary>The messages of /api/chat.</summary>
internal static class OllamaMessageReader
{
    public static GatewayError? Read(ReadOnlyMemory<byte> array, ChatRequest request)
    {
        var messages = new JsonWalk(array);
        while (messages.Next())
        {
            string path = $"messages[{messages.Index}]";
            if (RoleOf(messages.Value) is not { } role)
            {
                return GatewayError.Invalid($"{path}.role", $"{path}.role must be system, user, assistant or tool.");
            }

            var message = new ChatMessage { Role = role, Path = path };
            request.Messages.Add(message);
            var members = new JsonWalk(messages.Value);
            while (members.Next())
            {
                if (!members.IsNull && ReadMember(ref members, message) is { } wrong)
                {
                    return wrong;
                }
            }
        }

        ToolCallIds.Complete(request.Messages);
        return null;
    }

    public static GatewayError? ReadImages(ReadOnlyMemory<byte> array, string path, ChatMessage message)
    {
        var images = new JsonWalk(array);
        while (images.Next())
        {
            string place = $"{path}[{images.Index}]";
            if (!images.IsString)
            {
                return GatewayError.Invalid(place, $"{place} must be an image in base64.");
            }

            var text = new JsonText(images.Value);
            MediaSource? media;
            if (text.Escaped.StartsWith("data:"u8) || text.Escaped.StartsWith("http"u8))
            {
                if (MediaReader.FromAddress(text, place, null, null, out media) is { } wrong)
                {
                    return wrong;
                }
            }
            else
            {
                media = new MediaSource { Base64 = Plain(text), MediaType = TypeOf(text.Escaped) };
            }

            message.Parts.Add(new ChatPart { Kind = PartKind.Image, Path = place, Media = media });
        }

        return null;
    }

    private static GatewayError? ReadMember(ref JsonWalk member, ChatMessage message)
    {
        if (member.Is("content"u8))
        {
            return ContentReader.Read(member.Value, $"{message.Path}.content", message.Parts);
        }

        if (member.Is("images"u8))
        {
            return ReadImages(member.Value, $"{message.Path}.images", message);
        }

        if (member.Is("tool_calls"u8))
        {
            return ToolCallReader.Read(member.Value, message);
        }

        if (member.Is("thinking_blocks"u8))
        {
            ToolCallReader.ReadThinking(member.Value, message);
        }
        else if (member.IsString)
        {
            var text = new JsonText(member.Value);
            if (member.Is("thinking"u8))
            {
                message.ReasoningText = text;
            }
            else if (member.Is("tool_name"u8) || member.Is("name"u8))
            {
                message.Name = text;
            }
            else if (member.Is("tool_call_id"u8))
            {
                message.ToolCallId = text;
            }
        }

        return null;
    }

    private static ChatRole? RoleOf(ReadOnlyMemory<byte> value)
    {
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is("role"u8))
            {
                return members.Text()?.ToLowerInvariant() switch
                {
                    "system" => ChatRole.System,
                    "developer" => ChatRole.Developer,
                    "user" => ChatRole.User,
                    "assistant" => ChatRole.Assistant,
                    "tool" => ChatRole.Tool,
                    _ => null,
                };
            }
        }

        return null;
    }

    /// <summary>Ollama's images say nothing about their kind; how their base64 begins does.</summary>
    private static string? TypeOf(ReadOnlySpan<byte> base64) =>
        base64.StartsWith("/9j/"u8) ? "image/jpeg"
        : base64.StartsWith("R0lGOD"u8) ? "image/gif"
        : base64.StartsWith("UklGR"u8) ? "image/webp"
        : base64.StartsWith("iVBOR"u8) ? "image/png"
        : null;

    private static ReadOnlyMemory<byte> Plain(JsonText text) => text.Escaped.Contains((byte)'\\')
        ? System.Text.Encoding.UTF8.GetBytes(string.Concat(text.ToString().Where(c => !char.IsWhiteSpace(c))))
        : text.Token[1..^1];
}
