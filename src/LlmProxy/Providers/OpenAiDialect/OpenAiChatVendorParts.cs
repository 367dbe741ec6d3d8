using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>What stands in a message's content.</summary>
internal sealed class OpenAiChatVendorParts(ChatTurn turn, Utf8JsonWriter json, OpenAiChatVendorHabits habits)
{
    private readonly OpenAiChatVendorMedia _media = new(turn, json, habits);

    /// <summary>A user's content: text alone as a string where that is all there is, else parts.</summary>
    public void WriteUser(ChatMessage message)
    {
        if (!HasMark(message) && message.Parts.TrueForAll(part => part.Kind == PartKind.Text) && (message.Parts.Count <= 1 || !habits.TakesTextArrays))
        {
            WriteJoined(message.Parts, default);
            return;
        }

        json.WriteStartArray();
        foreach (ChatPart part in message.Parts)
        {
            WritePart(part);
        }

        json.WriteEndArray();
    }

    /// <summary>Content of a role that speaks text alone. What else it holds goes to <paramref name="pictures"/>, or is named as dropped.</summary>
    public void WriteTexts(ChatMessage message, ReadOnlySpan<byte> prefix, List<ChatPart>? pictures = null)
    {
        var texts = new List<ChatPart>(message.Parts.Count);
        foreach (ChatPart part in message.Parts)
        {
            if (part.Kind == PartKind.Text)
            {
                texts.Add(part);
            }
            else if (pictures is not null && part.Kind != PartKind.Foreign)
            {
                pictures.Add(part);
            }
            else
            {
                turn.Fields.Drop(part.Path);
            }
        }

        if (prefix.IsEmpty && ((texts.Count > 1 && habits.TakesTextArrays) || HasMark(message)))
        {
            json.WriteStartArray();
            foreach (ChatPart text in texts)
            {
                WritePart(text);
            }

            json.WriteEndArray();
            return;
        }

        WriteJoined(texts, prefix);
    }

    /// <summary>Mistral's own form: https://docs.mistral.ai/capabilities/reasoning</summary>
    public void WriteWithThinking(ChatMessage message, ReadOnlySpan<byte> thought)
    {
        json.WriteStartArray();
        json.WriteStartObject();
        json.WriteString("type"u8, "thinking"u8);
        json.WriteStartArray("thinking"u8);
        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        WriteEscaped(json, "text"u8, thought);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        foreach (ChatPart part in message.Parts)
        {
            WritePart(part);
        }

        json.WriteEndArray();
    }

    /// <summary>Blocks with their signatures, as LiteLLM hands them on to Anthropic: https://docs.litellm.ai/docs/reasoning_content</summary>
    public void WriteThinkingBlocks(ChatMessage message)
    {
        json.WriteStartArray("thinking_blocks"u8);
        foreach (ThinkingBlock block in message.Thinking)
        {
            json.WriteStartObject();
            if (!block.Sealed.IsEmpty)
            {
                json.WriteString("type"u8, "redacted_thinking"u8);
                json.WritePropertyName("data"u8);
                block.Sealed.WriteTo(json);
            }
            else
            {
                json.WriteString("type"u8, "thinking"u8);
                WriteEscaped(json, "thinking"u8, block.Text.Escaped);
                WriteEscaped(json, "signature"u8, block.Signature.Escaped);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public void WritePart(ChatPart part)
    {
        switch (part.Kind)
        {
            case PartKind.Text:
                _media.Open(part, "text"u8);
                json.WritePropertyName("text"u8);
                part.Text.WriteTo(json);
                json.WriteEndObject();
                break;
            case PartKind.Image:
                _media.WriteImage(part);
                break;
            case PartKind.Audio:
                _media.WriteAudio(part);
                break;
            case PartKind.Video:
                _media.WriteVideo(part);
                break;
            case PartKind.File:
                _media.WriteFile(part);
                break;
            default:
                turn.Fields.Drop(part.Path);
                break;
        }
    }

    /// <summary>The thinking of a message as one text, escapes as they came.</summary>
    public static ReadOnlySpan<byte> Thought(ChatMessage message)
    {
        if (!message.ReasoningText.IsMissing)
        {
            return message.ReasoningText.Escaped;
        }

        if (message.Thinking.Count == 1)
        {
            return message.Thinking[0].Text.Escaped;
        }

        var joined = new ArrayBufferWriter<byte>();
        foreach (ThinkingBlock block in message.Thinking)
        {
            if (!block.Text.IsEmpty)
            {
                joined.Write(joined.WrittenCount > 0 ? "\\n"u8 : default);
                joined.Write(block.Text.Escaped);
            }
        }

        return joined.WrittenSpan;
    }

    public static void WriteEscaped(Utf8JsonWriter json, ReadOnlySpan<byte> name, ReadOnlySpan<byte> escaped)
    {
        json.WritePropertyName(name);
        WriteQuoted(json, escaped);
    }

    public static void WriteQuoted(Utf8JsonWriter json, ReadOnlySpan<byte> escaped) =>
        json.WriteRawValue((byte[])[(byte)'"', .. escaped, (byte)'"'], skipInputValidation: true);

    /// <summary>Several texts become paragraphs of one.</summary>
    private void WriteJoined(List<ChatPart> texts, ReadOnlySpan<byte> prefix)
    {
        if (prefix.IsEmpty && texts.Count == 1)
        {
            texts[0].Text.WriteTo(json);
            return;
        }

        var joined = new ArrayBufferWriter<byte>();
        joined.Write(prefix);
        for (int i = 0; i < texts.Count; i++)
        {
            joined.Write(i > 0 ? "\\n\\n"u8 : default);
            joined.Write(texts[i].Text.Escaped);
        }

        WriteQuoted(json, joined.WrittenSpan);
    }

    private bool HasMark(ChatMessage message) => habits.TakesCacheMarks && message.Parts.Exists(part => !part.CacheControl.IsEmpty);
}
