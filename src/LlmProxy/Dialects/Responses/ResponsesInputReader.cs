using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Responses;

/// <summary>
/// The items of a Responses request as messages. What the assistant thought, said and called are items of their own there;
/// those that follow each other are one message here, because chat's results must follow the message with their calls.
/// </summary>
internal sealed class ResponsesInputReader(ChatRequest request)
{
    private ChatMessage? _assistant;
    private JsonText _googleSignature;

    public GatewayError? AddInstructions(JsonText text)
    {
        var message = new ChatMessage { Role = ChatRole.System, Path = "instructions" };
        message.Parts.Add(new ChatPart { Kind = PartKind.Text, Path = "instructions", Text = text, Raw = text.Token });
        request.Messages.Add(message);
        return null;
    }

    public GatewayError? Read(ReadOnlyMemory<byte> input)
    {
        if (input.Span[0] == '"')
        {
            var message = new ChatMessage { Role = ChatRole.User, Path = "input" };
            message.Parts.Add(new ChatPart { Kind = PartKind.Text, Path = "input", Text = new JsonText(input), Raw = input });
            request.Messages.Add(message);
            return null;
        }

        if (input.Span[0] != '[')
        {
            return GatewayError.Invalid("input", "The field \"input\" must be a string or an array of items.");
        }

        var items = new JsonWalk(input);
        while (items.Next())
        {
            string path = $"input[{items.Index}]";
            GatewayError? wrong = items.IsObject ? ReadItem(items.Value, path) : GatewayError.Invalid(path, $"{path} must be an object.");
            if (wrong is not null)
            {
                return wrong;
            }
        }

        return items.Index < 0 ? GatewayError.Invalid("input", "The field \"input\" has no items.") : null;
    }

    private GatewayError? ReadItem(ReadOnlyMemory<byte> item, string path)
    {
        string type = ResponsesItems.Type(item).ToString();
        if (type.Length == 0)
        {
            type = !ResponsesItems.Raw(item, "role"u8).IsEmpty ? "message" : !ResponsesItems.Raw(item, "id"u8).IsEmpty ? "item_reference" : "";
        }

        switch (type)
        {
            case "message":
                return ReadMessage(item, path);
            case "function_call":
                return ReadCall(item, path, "arguments"u8, isCustom: false);
            case "custom_tool_call":
                return ReadCall(item, path, "input"u8, isCustom: true);
            case "function_call_output" or "custom_tool_call_output":
                return ReadResult(item, path);
            case "reasoning":
                ReadReasoning(item, path);
                return null;
            case "item_reference":
                throw ResponsesReader.Refused(path, "earlier items are not kept here. Send the item itself.");
            case "":
                return GatewayError.Invalid($"{path}.type", $"{path} must have a \"type\", or a \"role\" and \"content\".");
            default:
                request.Fields.Add(new RequestField("responses." + path, $"{path} ({type})", item)); // Named as dropped: a trace of tools that nobody here has.
                return null;
        }
    }

    private GatewayError? ReadMessage(ReadOnlyMemory<byte> item, string path)
    {
        ChatRole? role = ResponsesItems.Text(item, "role"u8).ToString() switch
        {
            "user" => ChatRole.User,
            "assistant" => ChatRole.Assistant,
            "system" => ChatRole.System,
            "developer" => ChatRole.Developer,
            _ => null,
        };
        if (role is null)
        {
            return GatewayError.Invalid($"{path}.role", $"{path}.role must be user, assistant, system or developer.");
        }

        ReadOnlyMemory<byte> content = ResponsesItems.Raw(item, "content"u8);
        if (content.IsEmpty)
        {
            return GatewayError.Missing($"{path}.content", $"{path} has no \"content\".");
        }

        ChatMessage message = role == ChatRole.Assistant ? Assistant(path) : Add(role.Value, path);
        return ResponsesContentReader.Read(content, $"{path}.content", message.Parts);
    }

    private GatewayError? ReadCall(ReadOnlyMemory<byte> item, string path, ReadOnlySpan<byte> argumentsName, bool isCustom)
    {
        JsonText id = ResponsesItems.Text(item, "call_id"u8);
        JsonText name = ResponsesItems.Text(item, "name"u8);
        JsonText arguments = ResponsesItems.Text(item, argumentsName);
        if (id.IsEmpty || name.IsEmpty)
        {
            string missing = id.IsEmpty ? "call_id" : "name";
            return GatewayError.Missing($"{path}.{missing}", $"{path} has no \"{missing}\".");
        }

        Assistant(path).ToolCalls.Add(new ToolCall
        {
            Id = id,
            Name = name,
            Arguments = isCustom && !arguments.IsMissing ? CustomTools.ToArguments(arguments) : arguments,
            GoogleSignature = _googleSignature,
        });
        _googleSignature = default;
        return null;
    }

    private GatewayError? ReadResult(ReadOnlyMemory<byte> item, string path)
    {
        JsonText id = ResponsesItems.Text(item, "call_id"u8);
        if (id.IsEmpty)
        {
            return GatewayError.Missing($"{path}.call_id", $"{path} is a tool's result and must say in \"call_id\" which call it answers.");
        }

        ReadOnlyMemory<byte> output = ResponsesItems.Raw(item, "output"u8);
        if (output.IsEmpty)
        {
            return GatewayError.Missing($"{path}.output", $"{path} has no \"output\".");
        }

        ChatMessage message = Add(ChatRole.Tool, path);
        message.ToolCallId = id;
        return ResponsesContentReader.Read(output, $"{path}.output", message.Parts);
    }

    private void ReadReasoning(ReadOnlyMemory<byte> item, string path)
    {
        JsonText text = ReasoningText(item);
        JsonText content = ResponsesItems.Text(item, "encrypted_content"u8);
        (SealKind kind, JsonText seal) = ThinkingSeal.Read(content);
        switch (kind)
        {
            case SealKind.Signature:
                Assistant(path).Thinking.Add(new ThinkingBlock(text, seal, default));
                break;
            case SealKind.Sealed:
                Assistant(path).Thinking.Add(new ThinkingBlock(default, default, seal));
                break;
            default:
                _googleSignature = kind == SealKind.GoogleCall ? seal : _googleSignature;
                if (kind == SealKind.Foreign && !content.IsEmpty)
                {
                    request.Fields.Add(new RequestField("responses." + path, $"{path}.encrypted_content", content.Token));
                }

                break;
        }

        if (!text.IsEmpty && Assistant(path) is { ReasoningText.IsMissing: true } assistant)
        {
            assistant.ReasoningText = text;
        }
    }

    /// <summary>Summary and text of one item, its parts joined; most have one.</summary>
    private static JsonText ReasoningText(ReadOnlyMemory<byte> item)
    {
        JsonText joined = default;
        ReadOnlyMemory<byte> parts = ResponsesItems.Raw(item, "summary"u8);
        if (parts.Length <= 2)
        {
            parts = ResponsesItems.Raw(item, "content"u8);
        }

        if (parts.IsEmpty)
        {
            return joined;
        }

        var walk = new JsonWalk(parts);
        while (walk.Next())
        {
            JsonText text = ResponsesItems.Text(walk.Value, "text"u8);
            joined = joined.IsEmpty ? text : new JsonText((byte[])[(byte)'"', .. joined.Escaped, .. text.Escaped, (byte)'"']);
        }

        return joined;
    }

    private ChatMessage Add(ChatRole role, string path)
    {
        var message = new ChatMessage { Role = role, Path = path };
        _assistant = role == ChatRole.Assistant ? message : null;
        _googleSignature = role == ChatRole.Assistant ? _googleSignature : default;
        request.Messages.Add(message);
        return message;
    }

    private ChatMessage Assistant(string path) => _assistant ?? Add(ChatRole.Assistant, path);
}
