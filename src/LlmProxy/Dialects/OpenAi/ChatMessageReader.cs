using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>One message of a chat completions request.</summary>
internal static class ChatMessageReader
{
    public static GatewayError? Read(ReadOnlyMemory<byte> value, string path, ChatRequest request)
    {
        if (value.Span[0] != '{')
        {
            return GatewayError.Invalid(path, $"{path} must be an object with \"role\" and \"content\".");
        }

        if (RoleOf(value) is not { } role)
        {
            return GatewayError.Invalid($"{path}.role", $"{path}.role must be system, developer, user, assistant or tool.");
        }

        var message = new ChatMessage { Role = role, Path = path };
        request.Messages.Add(message);
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (!members.IsNull && ReadMember(ref members, message) is { } wrong)
            {
                return wrong;
            }
        }

        return role == ChatRole.Tool && message.ToolCallId.IsEmpty && message.Name.IsEmpty
            ? GatewayError.Missing($"{path}.tool_call_id", $"{path} is a tool's result and must say in \"tool_call_id\" which call it answers.")
            : null;
    }

    private static GatewayError? ReadMember(ref JsonWalk member, ChatMessage message)
    {
        if (member.Is("content"u8))
        {
            return ContentReader.Read(member.Value, $"{message.Path}.content", message.Parts);
        }

        if (member.Is("tool_calls"u8))
        {
            return ReadCalls(member.Value, message);
        }

        if (member.Is("function_call"u8))
        {
            message.ToolCalls.Add(ReadFunction(member.Value, JsonText.Of("call_" + message.Path), default, default));
        }
        else if (member.Is("thinking_blocks"u8))
        {
            ReadThinking(member.Value, message);
        }
        else if (member.Is("cache_control"u8))
        {
            message.CacheControl = member.Value;
        }
        else if (member.Is("is_error"u8))
        {
            message.IsToolError = member.IsTrue;
        }
        else if (member.IsString)
        {
            var text = new JsonText(member.Value);
            if (member.Is("tool_call_id"u8))
            {
                message.ToolCallId = text;
            }
            else if (member.Is("name"u8))
            {
                message.Name = text;
            }
            else if (member.Is("refusal"u8))
            {
                message.Refusal = text;
            }
            else if (member.Is("reasoning_content"u8) || (member.Is("reasoning"u8) && message.ReasoningText.IsMissing))
            {
                message.ReasoningText = text;
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
                return members.Text() switch
                {
                    "system" => ChatRole.System,
                    "developer" => ChatRole.Developer,
                    "user" => ChatRole.User,
                    "assistant" => ChatRole.Assistant,
                    "tool" or "function" => ChatRole.Tool,
                    _ => null,
                };
            }
        }

        return null;
    }

    private static GatewayError? ReadCalls(ReadOnlyMemory<byte> value, ChatMessage message)
    {
        var calls = new JsonWalk(value);
        while (calls.Next())
        {
            string path = $"{message.Path}.tool_calls[{calls.Index}]";
            JsonText id = default;
            JsonText signature = default;
            ReadOnlyMemory<byte> function = default;
            ReadOnlyMemory<byte> mark = default;
            var members = new JsonWalk(calls.Value);
            while (members.Next())
            {
                if (members.Is("id"u8) && members.IsString)
                {
                    id = new JsonText(members.Value);
                }
                else if ((members.Is("function"u8) || members.Is("custom"u8)) && members.IsObject)
                {
                    function = members.Value;
                }
                else if (members.Is("extra_content"u8))
                {
                    signature = GoogleSignature(members.Value);
                }
                else if (members.Is("cache_control"u8) && members.IsObject)
                {
                    mark = members.Value;
                }
            }

            if (function.IsEmpty)
            {
                return GatewayError.Invalid(path, $"{path} must have a \"function\" with \"name\" and \"arguments\".");
            }

            ToolCall call = ReadFunction(function, id, signature, mark);
            if (call.Name.IsEmpty)
            {
                return GatewayError.Missing($"{path}.function.name", $"{path}.function has no \"name\".");
            }

            message.ToolCalls.Add(call);
        }

        return null;
    }

    private static ToolCall ReadFunction(ReadOnlyMemory<byte> function, JsonText id, JsonText signature, ReadOnlyMemory<byte> mark)
    {
        JsonText name = default;
        JsonText arguments = default;
        var members = new JsonWalk(function);
        while (members.Next())
        {
            if (members.Is("name"u8) && members.IsString)
            {
                name = new JsonText(members.Value);
            }
            else if ((members.Is("arguments"u8) || members.Is("input"u8)) && members.IsString)
            {
                arguments = new JsonText(members.Value);
            }
            else if (members.Is("arguments"u8) && members.IsObject)
            {
                arguments = JsonText.Of(System.Text.Encoding.UTF8.GetString(members.Value.Span)); // Written as an object by clients that know better.
            }
        }

        return new ToolCall { Id = id, Name = name, Arguments = arguments, GoogleSignature = signature, CacheControl = mark };
    }

    private static JsonText GoogleSignature(ReadOnlyMemory<byte> extra)
    {
        var vendors = new JsonWalk(extra);
        while (vendors.Next())
        {
            if (!vendors.Is("google"u8))
            {
                continue;
            }

            var members = new JsonWalk(vendors.Value);
            while (members.Next())
            {
                if (members.Is("thought_signature"u8) && members.IsString)
                {
                    return new JsonText(members.Value);
                }
            }
        }

        return default;
    }

    private static void ReadThinking(ReadOnlyMemory<byte> value, ChatMessage message)
    {
        var blocks = new JsonWalk(value);
        while (blocks.Next())
        {
            JsonText text = default;
            JsonText signature = default;
            JsonText data = default;
            var members = new JsonWalk(blocks.Value);
            while (members.Next())
            {
                if (!members.IsString)
                {
                    continue;
                }

                text = members.Is("thinking"u8) ? new JsonText(members.Value) : text;
                signature = members.Is("signature"u8) ? new JsonText(members.Value) : signature;
                data = members.Is("data"u8) ? new JsonText(members.Value) : data;
            }

            if (!signature.IsEmpty || !data.IsEmpty)
            {
                message.Thinking.Add(new ThinkingBlock(text, signature, data));
            }
        }
    }
}
