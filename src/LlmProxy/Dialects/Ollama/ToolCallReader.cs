using System.Buffers;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Ollama;

/// <summary>The calls and thinking blocks that an assistant's message brings back.</summary>
internal static class ToolCallReader
{
    public static GatewayError? Read(ReadOnlyMemory<byte> array, ChatMessage message)
    {
        var calls = new JsonWalk(array);
        while (calls.Next())
        {
            JsonText id = default;
            JsonText signature = default;
            ReadOnlyMemory<byte> function = default;
            var members = new JsonWalk(calls.Value);
            while (members.Next())
            {
                if (members.Is("id"u8) && members.IsString)
                {
                    id = new JsonText(members.Value);
                }
                else if (members.Is("function"u8) && members.IsObject)
                {
                    function = members.Value;
                }
                else if (members.Is("thought_signature"u8) && members.IsString)
                {
                    signature = new JsonText(members.Value);
                }
            }

            ToolCall? call = function.IsEmpty ? null : ReadFunction(function, id, signature);
            if (call is null || call.Name.IsEmpty)
            {
                string path = $"{message.Path}.tool_calls[{calls.Index}]";
                return GatewayError.Missing($"{path}.function.name", $"{path} has no \"function\" with a \"name\".");
            }

            message.ToolCalls.Add(call);
        }

        return null;
    }

    /// <summary>Other vendors' signed thinking, as our own answers carry it beside Ollama's "thinking".</summary>
    public static void ReadThinking(ReadOnlyMemory<byte> array, ChatMessage message)
    {
        var blocks = new JsonWalk(array);
        while (blocks.Next())
        {
            JsonText text = default;
            JsonText signature = default;
            JsonText data = default;
            var members = new JsonWalk(blocks.Value);
            while (members.Next())
            {
                JsonText value = members.IsString ? new JsonText(members.Value) : default;
                text = members.Is("thinking"u8) ? value : text;
                signature = members.Is("signature"u8) ? value : signature;
                data = members.Is("data"u8) ? value : data;
            }

            if (!signature.IsEmpty || !data.IsEmpty)
            {
                message.Thinking.Add(new ThinkingBlock(text, signature, data));
            }
        }
    }

    private static ToolCall ReadFunction(ReadOnlyMemory<byte> function, JsonText id, JsonText signature)
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
            else if (members.Is("arguments"u8))
            {
                arguments = members.IsObject ? Escaped(members.Value.Span) : members.IsString ? new JsonText(members.Value) : default;
            }
        }

        return new ToolCall { Id = id, Name = name, Arguments = arguments.IsMissing ? Escaped("{}"u8) : arguments, GoogleSignature = signature };
    }

    private static JsonText Escaped(ReadOnlySpan<byte> json)
    {
        var token = new ArrayBufferWriter<byte>(json.Length + 32);
        token.Write("\""u8);
        ToolArguments.Escape(json, token);
        token.Write("\""u8);
        return new JsonText(token.WrittenMemory);
    }
}
