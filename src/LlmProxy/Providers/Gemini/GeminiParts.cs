using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Gemini;

/// <summary>Writes the pieces of a content: texts, thoughts, media.</summary>
internal sealed class GeminiParts(ChatTurn turn)
{
    /// <summary>False where there was nothing to write.</summary>
    public bool WritePart(Utf8JsonWriter json, ChatMessage message, ChatPart part)
    {
        NoteMark(message, part);
        if (part.Kind == PartKind.Text)
        {
            if (part.Text.IsEmpty)
            {
                return false;
            }

            WriteText(json, part.Text);
            return true;
        }

        if (part.Media is null)
        {
            throw turn.Refuse(part.Path, "Google's models know no such kind of content.");
        }

        json.WriteStartObject();
        GeminiMedia.Write(json, part, turn);
        json.WriteEndObject();
        return true;
    }

    public void WriteMedia(Utf8JsonWriter json, ChatMessage message)
    {
        foreach (ChatPart part in message.Parts)
        {
            if (part.Kind != PartKind.Text)
            {
                WritePart(json, message, part);
            }
        }
    }

    public void NoteMark(ChatMessage message, ChatPart part)
    {
        NoteMark(message.CacheControl);
        NoteMark(part.CacheControl);
    }

    /// <summary>Google caches by itself, or by a name made beforehand (cached_content).</summary>
    public void NoteMark(ReadOnlyMemory<byte> cacheControl)
    {
        if (!cacheControl.IsEmpty)
        {
            turn.Fields.Drop("cache_control");
        }
    }

    public static void WriteThought(Utf8JsonWriter json, JsonText text)
    {
        json.WriteStartObject();
        json.WritePropertyName("text"u8);
        text.WriteTo(json);
        json.WriteBoolean("thought"u8, true);
        json.WriteEndObject();
    }

    public static void WriteText(Utf8JsonWriter json, JsonText text, ReadOnlyMemory<byte> signature = default)
    {
        json.WriteStartObject();
        json.WritePropertyName("text"u8);
        text.WriteTo(json);
        if (!signature.IsEmpty)
        {
            json.WriteString("thoughtSignature"u8, signature.Span);
        }

        json.WriteEndObject();
    }
}
