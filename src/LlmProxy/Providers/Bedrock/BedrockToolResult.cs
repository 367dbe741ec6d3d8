using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Providers.Anthropic;

namespace LlmProxy.Providers.Bedrock;

/// <summary>The result of one call. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolResultBlock.html</summary>
internal static class BedrockToolResult
{
    /// <param name="pictures">What the model does not read inside a result follows as the user's own.</param>
    public static void Write(
        Utf8JsonWriter json, ChatTurn turn, BedrockModel model, BedrockParts parts, ChatMessage message, List<ChatMessage>? before, int index, List<ChatPart> pictures)
    {
        json.WriteStartObject();
        json.WriteStartObject("toolResult"u8);
        json.WriteString("toolUseId"u8, BedrockParts.Short(AnthropicToolIds.OfResult(message, before, index)));
        json.WriteStartArray("content"u8);
        ReadOnlyMemory<byte> mark = message.CacheControl;
        bool isEmpty = true;
        if (message.IsToolError && !model.ReadsRichResults)
        {
            BedrockParts.WriteText(json, "\"Error:\""u8);
            isEmpty = false;
        }

        foreach (ChatPart part in message.Parts)
        {
            mark = part.CacheControl.IsEmpty ? mark : part.CacheControl; // A cache point stands behind the result, not in it.
            if (part.Kind != PartKind.Text && !model.ReadsRichResults)
            {
                pictures.Add(part);
            }
            else if (AnthropicParts.IsWorthSending(part))
            {
                if (part.Kind == PartKind.Audio)
                {
                    throw turn.Refuse(part.Path, "a tool's result holds no sound.");
                }

                parts.Write(json, part);
                isEmpty = false;
            }
        }

        if (isEmpty)
        {
            BedrockParts.WriteText(json, "\"(no output)\""u8); // Blank text is refused.
        }

        json.WriteEndArray();
        if (message.IsToolError && model.ReadsRichResults)
        {
            json.WriteString("status"u8, "error"u8);
        }

        json.WriteEndObject();
        json.WriteEndObject();
        parts.Mark(json, mark);
    }
}
