using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Dialects;

namespace LlmProxy.Providers.Gemini;

/// <summary>What a tool said, as one JSON string.</summary>
internal static class GeminiResultText
{
    public static void Write(Utf8JsonWriter json, ChatMessage message)
    {
        var text = new EscapedText();
        foreach (ChatPart part in message.Parts)
        {
            if (part.Kind != PartKind.Text)
            {
                continue;
            }

            if (!text.IsEmpty)
            {
                text.Add("\\n"u8);
            }

            text.Add(part.Text.Escaped);
        }

        text.WriteTo(json);
    }
}
