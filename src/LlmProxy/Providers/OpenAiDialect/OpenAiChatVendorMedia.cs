using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>The parts of a message's content that are no text: images, sounds, films, documents.</summary>
internal sealed class OpenAiChatVendorMedia(ChatTurn turn, Utf8JsonWriter json, OpenAiChatVendorHabits habits)
{
    public void WriteImage(ChatPart part)
    {
        MediaSource image = Known(part);
        Open(part, "image_url"u8);
        WriteAddress("image_url"u8, image, image.Detail);
        json.WriteEndObject();
    }

    public void WriteVideo(ChatPart part)
    {
        Open(part, "video_url"u8);
        WriteAddress("video_url"u8, Known(part), null);
        json.WriteEndObject();
    }

    public void WriteAudio(ChatPart part)
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
        OpenAiChatVendorParts.WriteEscaped(json, "data"u8, sound.Base64.Span);
        json.WriteString("format"u8, format);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public void WriteFile(ChatPart part)
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

        OpenAiChatVendorParts.WriteQuoted(json, [.. "data:"u8, .. Encoding.ASCII.GetBytes(media.MediaType ?? "application/octet-stream"), .. ";base64,"u8, .. media.Base64.Span]);
    }

    /// <summary>Begins a part with its type and its prompt-cache mark; the caller ends it.</summary>
    public void Open(ChatPart part, ReadOnlySpan<byte> type)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        if (habits.TakesCacheMarks && !part.CacheControl.IsEmpty)
        {
            json.WritePropertyName("cache_control"u8);
            json.WriteRawValue(part.CacheControl.Span, skipInputValidation: true);
        }
    }

    private static bool IsText(string? mediaType) =>
        mediaType is not null && (mediaType.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || mediaType is "application/json" or "application/xml");
}
