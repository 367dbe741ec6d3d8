using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Anthropic;

/// <summary>One message of a Messages request: its role and its content blocks.</summary>
internal static class MessageBlocks
{
    public static GatewayError? Read(ReadOnlyMemory<byte> value, string path, ChatRequest request)
    {
        if (value.Span[0] != '{')
        {
            return GatewayError.Invalid(path, $"{path} must be an object with \"role\" and \"content\".");
        }

        string? role = null;
        ReadOnlyMemory<byte> content = default;
        var members = new JsonWalk(value);
        while (members.Next())
        {
            role = members.Is("role"u8) ? members.Text() : role;
            content = members.Is("content"u8) ? members.Value : content;
        }

        if (content.IsEmpty || content.Span[0] is not ((byte)'"' or (byte)'['))
        {
            return GatewayError.Invalid($"{path}.content", $"{path}.content must be a string or an array of blocks.");
        }

        switch (role)
        {
            case "user":
                return ReadUser(content, path, request);
            case "assistant":
                var answer = new ChatMessage { Role = ChatRole.Assistant, Path = path };
                request.Messages.Add(answer);
                return AnswerBlocks.Read(content, $"{path}.content", answer);
            case "system":
                // In the middle of the list from anthropic-version 2026-10-21 on.
                var system = new ChatMessage { Role = ChatRole.System, Path = path };
                request.Messages.Add(system);
                return ReadTexts(content, $"{path}.content", system);
            default:
                return GatewayError.Invalid($"{path}.role", $"{path}.role must be user, assistant or system.");
        }
    }

    /// <summary>A text, or blocks of text.</summary>
    public static GatewayError? ReadTexts(ReadOnlyMemory<byte> value, string path, ChatMessage message)
    {
        if (value.Span[0] == '"')
        {
            AddText(message.Parts, value, path);
            return null;
        }

        var blocks = new JsonWalk(value);
        while (blocks.Next())
        {
            if (ContentBlock.Read(blocks.Value, $"{path}[{blocks.Index}]", message.Parts) is { } wrong)
            {
                return wrong;
            }
        }

        return null;
    }

    /// <summary>Tool results are messages of their own elsewhere, and stand right behind the calls that they answer.</summary>
    private static GatewayError? ReadUser(ReadOnlyMemory<byte> content, string path, ChatRequest request)
    {
        var message = new ChatMessage { Role = ChatRole.User, Path = path };
        if (content.Span[0] == '"')
        {
            AddText(message.Parts, content, $"{path}.content");
            request.Messages.Add(message);
            return null;
        }

        bool hasResults = false;
        var blocks = new JsonWalk(content);
        while (blocks.Next())
        {
            string place = $"{path}.content[{blocks.Index}]";
            bool isResult = ContentBlock.TypeOf(blocks.Value) == "tool_result";
            hasResults |= isResult;
            GatewayError? wrong = isResult ? ReadResult(blocks.Value, place, request) : ContentBlock.Read(blocks.Value, place, message.Parts);
            if (wrong is not null)
            {
                return wrong;
            }
        }

        if (message.Parts.Count > 0 || !hasResults)
        {
            request.Messages.Add(message);
        }

        return null;
    }

    private static GatewayError? ReadResult(ReadOnlyMemory<byte> value, string path, ChatRequest request)
    {
        var result = new ChatMessage { Role = ChatRole.Tool, Path = path };
        request.Messages.Add(result);
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is("tool_use_id"u8) && members.IsString)
            {
                result.ToolCallId = CallIds.Read(new JsonText(members.Value)).Id;
            }
            else if (members.Is("is_error"u8))
            {
                result.IsToolError = members.IsTrue;
            }
            else if (members.Is("cache_control"u8) && members.IsObject)
            {
                result.CacheControl = members.Value;
            }
            else if (members.Is("content"u8) && (members.IsString || members.IsArray) && ReadTexts(members.Value, $"{path}.content", result) is { } wrong)
            {
                return wrong;
            }
        }

        return result.ToolCallId.IsEmpty
            ? GatewayError.Missing($"{path}.tool_use_id", $"{path} is a tool's result and must say in \"tool_use_id\" which call it answers.")
            : null;
    }

    private static void AddText(List<ChatPart> parts, ReadOnlyMemory<byte> token, string path)
    {
        var text = new JsonText(token);
        if (!text.IsEmpty)
        {
            parts.Add(new ChatPart { Kind = PartKind.Text, Path = path, Text = text, Raw = token });
        }
    }
}
