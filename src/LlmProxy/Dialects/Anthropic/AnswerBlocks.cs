using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.Anthropic;

/// <summary>The blocks of an assistant's message: text, what it thought, the tools it called.</summary>
internal static class AnswerBlocks
{
    public static GatewayError? Read(ReadOnlyMemory<byte> content, string path, ChatMessage message)
    {
        if (content.Span[0] == '"')
        {
            return MessageBlocks.ReadTexts(content, path, message);
        }

        var blocks = new JsonWalk(content);
        while (blocks.Next())
        {
            string place = $"{path}[{blocks.Index}]";
            GatewayError? wrong = null;
            switch (ContentBlock.TypeOf(blocks.Value))
            {
                case "thinking" or "redacted_thinking":
                    ReadThinking(blocks.Value, message);
                    break;
                case "tool_use":
                    wrong = ReadCall(blocks.Value, place, message);
                    break;
                default:
                    wrong = ContentBlock.Read(blocks.Value, place, message.Parts);
                    break;
            }

            if (wrong is not null)
            {
                return wrong;
            }
        }

        return null;
    }

    /// <summary>A signature is only there when a vendor that signs has thought; without one it is plain reasoning.</summary>
    private static void ReadThinking(ReadOnlyMemory<byte> value, ChatMessage message)
    {
        JsonText text = default;
        JsonText signature = default;
        JsonText data = default;
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.IsString)
            {
                text = members.Is("thinking"u8) ? new JsonText(members.Value) : text;
                signature = members.Is("signature"u8) ? new JsonText(members.Value) : signature;
                data = members.Is("data"u8) ? new JsonText(members.Value) : data;
            }
        }

        if (!signature.IsEmpty || !data.IsEmpty)
        {
            message.Thinking.Add(new ThinkingBlock(text, signature, data));
        }
        else if (!text.IsEmpty)
        {
            message.ReasoningText = message.ReasoningText.IsMissing
                ? text
                : new JsonText((byte[])[.. message.ReasoningText.Token.Span[..^1], .. "\\n"u8, .. text.Token.Span[1..]]);
        }
    }

    private static GatewayError? ReadCall(ReadOnlyMemory<byte> value, string path, ChatMessage message)
    {
        JsonText id = default;
        JsonText name = default;
        JsonText input = default;
        ReadOnlyMemory<byte> mark = default;
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (members.Is("id"u8) && members.IsString)
            {
                id = new JsonText(members.Value);
            }
            else if (members.Is("name"u8) && members.IsString)
            {
                name = new JsonText(members.Value);
            }
            else if (members.Is("input"u8) && !members.IsNull)
            {
                input = members.IsString ? new JsonText(members.Value) : JsonText.Of(System.Text.Encoding.UTF8.GetString(members.Value.Span));
            }
            else if (members.Is("cache_control"u8) && members.IsObject)
            {
                mark = members.Value;
            }
        }

        if (name.IsEmpty)
        {
            return GatewayError.Missing($"{path}.name", $"{path} has no \"name\".");
        }

        (JsonText own, JsonText signature) = CallIds.Read(id);
        message.ToolCalls.Add(new ToolCall { Id = own, Name = name, Arguments = input, GoogleSignature = signature, CacheControl = mark });
        return null;
    }
}
