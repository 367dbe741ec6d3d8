using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Providers.Anthropic;

namespace LlmProxy.Providers.Bedrock;

/// <summary>What the assistant thought, said and called, in the order the vendor wants it.</summary>
internal static class BedrockAssistant
{
    public static void Write(Utf8JsonWriter json, ChatTurn turn, BedrockModel model, BedrockParts parts, List<ChatMessage> messages, bool isLast)
    {
        for (int m = 0; m < messages.Count; m++)
        {
            ChatMessage message = messages[m];
            bool isBeginning = isLast && m == messages.Count - 1 && message.ToolCalls.Count == 0; // Of the answer: the model goes on from here.
            if (!isBeginning && (model.IsClaude || model.Family == BedrockFamily.Unknown))
            {
                WriteThinking(json, message);
            }

            WriteText(json, turn, parts, message, isBeginning);
            for (int i = 0; i < message.ToolCalls.Count; i++)
            {
                WriteCall(json, message, i);
                parts.Mark(json, i == message.ToolCalls.Count - 1 && message.ToolCalls[i].CacheControl.IsEmpty ? message.CacheControl : message.ToolCalls[i].CacheControl);
            }
        }
    }

    /// <summary>A tool's input must be an object; what the model once wrote and is none goes back under a name that says so.</summary>
    public static void WriteInput(Utf8JsonWriter json, string arguments)
    {
        if (arguments.AsSpan().Trim().IsEmpty)
        {
            json.WriteRawValue("{}"u8, skipInputValidation: true);
            return;
        }

        try
        {
            using JsonDocument parsed = JsonDocument.Parse(arguments);
            if (parsed.RootElement.ValueKind == JsonValueKind.Object)
            {
                json.WriteRawValue(arguments, skipInputValidation: true);
                return;
            }
        }
        catch (JsonException)
        {
            // Written below as it is.
        }

        json.WriteStartObject();
        json.WriteString("arguments"u8, arguments);
        json.WriteEndObject();
    }

    private static void WriteThinking(Utf8JsonWriter json, ChatMessage message)
    {
        foreach (ThinkingBlock block in message.ClaudesThinking)
        {
            json.WriteStartObject();
            json.WriteStartObject("reasoningContent"u8);
            if (!block.Sealed.IsEmpty)
            {
                json.WritePropertyName("redactedContent"u8);
                block.Sealed.WriteTo(json);
            }
            else
            {
                json.WriteStartObject("reasoningText"u8);
                json.WritePropertyName("text"u8);
                json.WriteRawValue(block.Text.IsMissing ? "\"\""u8 : block.Text.Token.Span, skipInputValidation: true);
                if (!block.Signature.IsEmpty)
                {
                    json.WritePropertyName("signature"u8);
                    block.Signature.WriteTo(json);
                }

                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }
    }

    private static void WriteText(Utf8JsonWriter json, ChatTurn turn, BedrockParts parts, ChatMessage message, bool isBeginning)
    {
        int last = message.Parts.FindLastIndex(AnthropicParts.IsWorthSending);
        for (int i = 0; i <= last; i++)
        {
            ChatPart part = message.Parts[i];
            if (!AnthropicParts.IsWorthSending(part))
            {
                continue;
            }

            if (part.Kind != PartKind.Text)
            {
                throw turn.Refuse(part.Path, "the assistant's messages hold only text and tool calls.");
            }

            if (isBeginning && i == last)
            {
                // "final assistant content cannot end with trailing whitespace"
                BedrockParts.WriteText(json, JsonText.Of(part.Text.ToString().TrimEnd()).Token.Span);
            }
            else
            {
                parts.Write(json, part);
            }

            parts.Mark(json, message.ToolCalls.Count == 0 ? AnthropicMessages.MarkOf(message, message.Parts, i) : part.CacheControl);
        }

        if (!message.Refusal.IsEmpty)
        {
            BedrockParts.WriteText(json, message.Refusal.Token.Span);
        }
    }

    private static void WriteCall(Utf8JsonWriter json, ChatMessage message, int index)
    {
        ToolCall call = message.ToolCalls[index];
        json.WriteStartObject();
        json.WriteStartObject("toolUse"u8);
        json.WriteString("toolUseId"u8, BedrockParts.Short(AnthropicToolIds.Of(message, index)));
        json.WritePropertyName("name"u8);
        call.Name.WriteTo(json);
        json.WritePropertyName("input"u8);
        WriteInput(json, call.Arguments.ToString());
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
