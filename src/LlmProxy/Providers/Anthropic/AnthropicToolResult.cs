using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Anthropic;

/// <summary>The result of one call: text, images, documents, or what went wrong.</summary>
internal static class AnthropicToolResult
{
    public static void Write(Utf8JsonWriter json, ChatTurn turn, ChatMessage message, List<ChatMessage>? before, int index)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "tool_result"u8);
        json.WriteString("tool_use_id"u8, AnthropicToolIds.OfResult(message, before, index));
        ReadOnlyMemory<byte> mark = message.CacheControl;
        int last = message.Parts.FindLastIndex(AnthropicParts.IsWorthSending);
        if (last >= 0)
        {
            json.WriteStartArray("content"u8);
            for (int i = 0; i <= last; i++)
            {
                ChatPart part = message.Parts[i];
                if (AnthropicParts.IsWorthSending(part))
                {
                    AnthropicParts.Write(json, turn, part, default);
                    mark = part.CacheControl.IsEmpty ? mark : part.CacheControl; // The vendor takes it on the result.
                }
            }

            json.WriteEndArray();
        }

        if (message.IsToolError)
        {
            json.WriteBoolean("is_error"u8, true);
        }

        AnthropicParts.WriteMark(json, mark);
        json.WriteEndObject();
    }
}
