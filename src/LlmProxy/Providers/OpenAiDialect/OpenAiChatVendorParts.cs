using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>What stands in a message's content.</summary>
internal sealed class OpenAiChatVendorParts(ChatTurn turn, Utf8JsonWriter json, OpenAiChatVendorHabits habits)
{
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
                Open(part, "text"u8);
                json.WritePropertyName("text"u8);
                part.Text.WriteTo(json);
                json.WriteEndObject();
                break;
            case PartKind.Image:
                WriteImage(part);
                break;
            case PartKind.Audio:
                WriteAudio(part);
                break;
            case PartKind.Video:
                Open(part, "video_url"u8);
                WriteAddress("video_url"u8, Known(part), null);
                json.WriteEndObject();
                break;
            case PartKind.File:
                WriteFile(part);
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

    private static void WriteQuoted(Utf8JsonWriter json, ReadOnlySpan<byte> escaped) =>
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

    private void WriteImage(ChatPart part)
    {
        MediaSource image = Known(part);
        Open(part, "image_url"u8);
        WriteAddress("image_url"u8, image, image.Detail);
        json.WriteEndObject();
    }

    private void WriteAudio(ChatPart part)
    {
        MediaSource sound = Known(part);
        string format = sound.MediaType switch
        {
            "audio/mpeg" or "audio/mp3" => "mp3",
            { } type when type.StartsWith("audio/", StringComparison.Ordinal) => type[6..].Replace("x-", "", StringComparison.Ordinal),
            _ => "wav",
        };
        Open(part, "input_audio"u8);
        json.WriteStartObject("input_audio"u8);
        WriteEscaped(json, "data"u8, sound.Base64.Span);
        json.WriteString("format"u8, format);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteFile(ChatPart part)
    {
        MediaSource file = turn.MediaOf(part);
        if (!file.Base64.IsEmpty && IsText(file.MediaType))
        {
            WriteTextFile(part, file);
            return;
        }

        switch (habits.Documents)
        {
            case DocumentHabit.AsAddress when file.FileId is null:
                Open(part, "document_url"u8);
                json.WritePropertyName("document_url"u8);
                WriteUrl(file);
                if (file.FileName is not null)
                {
                    json.WriteString("document_name"u8, file.FileName);
                }

                json.WriteEndObject();
                break;
            case DocumentHabit.AsFile:
                Open(part, "file"u8);
                json.WriteStartObject("file"u8);
                if (file.FileId is not null && turn.Exchange.Endpoint.Dialect == Dialects.OpenAi.OpenAiClients.Instance)
                {
                    json.WriteString("file_id"u8, file.FileId);
                }
                else
                {
                    file = Known(part);
                    json.WriteString("filename"u8, file.FileName ?? "document.pdf");
                    json.WritePropertyName("file_data"u8);
                    WriteUrl(file);
                }

                json.WriteEndObject();
                json.WriteEndObject();
                break;
            default:
                throw turn.Refuse(part.Path, "its API reads no documents besides plain text.");
        }
    }

    /// <summary>No server of the dialect reads text files as files; as text each of them does.</summary>
    private void WriteTextFile(ChatPart part, MediaSource file)
    {
        byte[] bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(file.Base64.Length)];
        if (Base64.DecodeFromUtf8(file.Base64.Span, bytes, out _, out int written) != OperationStatus.Done)
        {
            throw turn.Refuse(part.Path, "its data is not base64.");
        }

        string text = Encoding.UTF8.GetString(bytes, 0, written);
        Open(part, "text"u8);
        json.WriteString("text"u8, file.FileName is null ? text : $"{file.FileName}:\n\n{text}");
        json.WriteEndObject();
    }

    /// <summary>Media that is here or at an address; an id means something only to the vendor that gave it.</summary>
    private MediaSource Known(ChatPart part)
    {
        MediaSource media = turn.MediaOf(part);
        return media.Url is null && media.Base64.IsEmpty ? throw turn.Refuse(part.Path, "it names a file that another vendor keeps.") : media;
    }

    private void WriteAddress(ReadOnlySpan<byte> name, MediaSource media, string? detail)
    {
        json.WriteStartObject(name);
        json.WritePropertyName("url"u8);
        WriteUrl(media);
        if (detail is not null)
        {
            json.WriteString("detail"u8, detail);
        }

        json.WriteEndObject();
    }

    private void WriteUrl(MediaSource media)
    {
        if (media.Base64.IsEmpty)
        {
            json.WriteStringValue(media.Url);
            return;
        }

        WriteQuoted(json, [.. "data:"u8, .. Encoding.ASCII.GetBytes(media.MediaType ?? "application/octet-stream"), .. ";base64,"u8, .. media.Base64.Span]);
    }

    private void Open(ChatPart part, ReadOnlySpan<byte> type)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        if (habits.TakesCacheMarks && !part.CacheControl.IsEmpty)
        {
            json.WritePropertyName("cache_control"u8);
            json.WriteRawValue(part.CacheControl.Span, skipInputValidation: true);
        }
    }

    private bool HasMark(ChatMessage message) => habits.TakesCacheMarks && message.Parts.Exists(part => !part.CacheControl.IsEmpty);

    private static bool IsText(string? mediaType) =>
        mediaType is not null && (mediaType.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || mediaType is "application/json" or "application/xml");
}
