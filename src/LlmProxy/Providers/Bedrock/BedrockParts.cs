using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LlmProxy.Conversation;
using LlmProxy.Wire;

namespace LlmProxy.Providers.Bedrock;

/// <summary>Pieces of a message as Converse's content blocks. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html</summary>
internal sealed class BedrockParts(ChatTurn turn, BedrockModel model)
{
    private const int LongestId = 64;

    private readonly BedrockDocuments _documents = new(turn);

    public void Write(Utf8JsonWriter json, ChatPart part)
    {
        switch (part.Kind)
        {
            case PartKind.Text:
                WriteText(json, part.Text.Token.Span);
                break;
            case PartKind.Image:
                WriteImage(json, part);
                break;
            case PartKind.File when turn.MediaOf(part).MediaType?.StartsWith("image/", StringComparison.OrdinalIgnoreCase) == true:
                WriteImage(json, part);
                break;
            case PartKind.File:
                _documents.Write(json, part);
                break;
            case PartKind.Video:
                WriteMedia(json, part, "video"u8, VideoFormat(turn.MediaOf(part)) ?? throw turn.Refuse(part.Path, "it reads MP4, MOV, MKV, WebM, FLV, MPEG, WMV and 3GP videos."));
                break;
            case PartKind.Audio:
                WriteMedia(json, part, "audio"u8, AudioFormat(turn.MediaOf(part)) ?? throw turn.Refuse(part.Path, "it reads MP3, WAV, Opus, AAC, FLAC, OGG, M4A and WebM sound."));
                break;
            default:
                if (!WriteOwn(json, part))
                {
                    throw turn.Refuse(part.Path, "Converse has no block for this type of part.");
                }

                break;
        }
    }

    /// <param name="token">A JSON string.</param>
    public static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> token)
    {
        json.WriteStartObject();
        json.WritePropertyName("text"u8);
        json.WriteRawValue(token, skipInputValidation: true);
        json.WriteEndObject();
    }

    /// <summary>Anthropic's mark stands on a block, Converse's behind it.</summary>
    public void Mark(Utf8JsonWriter json, ReadOnlyMemory<byte> mark)
    {
        if (mark.IsEmpty)
        {
            return;
        }

        if (model.HasCachePoints)
        {
            WriteCachePoint(json, model, mark);
        }
        else
        {
            turn.Fields.Drop("messages[].cache_control");
        }
    }

    /// <summary>https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CachePointBlock.html</summary>
    public static void WriteCachePoint(Utf8JsonWriter json, BedrockModel model, ReadOnlyMemory<byte> mark)
    {
        json.WriteStartObject();
        json.WriteStartObject("cachePoint"u8);
        json.WriteString("type"u8, "default"u8);
        var members = new JsonWalk(mark);
        while (members.Next())
        {
            // Only models since Claude 4.5 know another life than five minutes.
            if (members.Is("ttl"u8) && members.Text() == "1h" && model.HasSchemas)
            {
                json.WriteString("ttl"u8, "1h"u8);
            }
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Ids of calls are at most 64 letters long; a longer one is told by its hash, in call and result alike.</summary>
    public static string Short(string id) => id.Length <= LongestId ? id : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)));

    /// <summary>"bytes" or "s3Location", which all media have in common.</summary>
    public static void WriteSource(Utf8JsonWriter json, ChatTurn turn, ChatPart part, MediaSource media)
    {
        json.WriteStartObject("source"u8);
        if (!media.Base64.IsEmpty)
        {
            json.WriteString("bytes"u8, media.Base64.Span);
        }
        else if (media.Url?.StartsWith("s3://", StringComparison.OrdinalIgnoreCase) == true)
        {
            json.WriteStartObject("s3Location"u8);
            json.WriteString("uri"u8, media.Url);
            json.WriteEndObject();
        }
        else
        {
            throw turn.Refuse(part.Path, "it names a file that another vendor keeps.");
        }

        json.WriteEndObject();
    }

    private void WriteImage(Utf8JsonWriter json, ChatPart part)
    {
        MediaSource media = turn.MediaOf(part);
        if (part.Media!.Detail is "low" or "high")
        {
            turn.Fields.Drop("messages[].content[].image_url.detail");
        }

        string format = ImageFormat(media) ?? throw turn.Refuse(part.Path, $"it reads PNG, JPEG, GIF and WebP images, not {media.MediaType ?? "bytes without a media type"}.");
        WriteMedia(json, part, "image"u8, format);
    }

    private void WriteMedia(Utf8JsonWriter json, ChatPart part, ReadOnlySpan<byte> kind, string format)
    {
        json.WriteStartObject();
        json.WriteStartObject(kind);
        json.WriteString("format"u8, format);
        WriteSource(json, turn, part, turn.MediaOf(part));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Guarded content and cache points that a client of another dialect wrote down as they are.</summary>
    private static bool WriteOwn(Utf8JsonWriter json, ChatPart part)
    {
        var members = new JsonWalk(part.Raw);
        while (members.Next())
        {
            if (members.Is("guardContent"u8) || members.Is("cachePoint"u8) || members.Is("searchResult"u8))
            {
                json.WriteStartObject();
                json.WritePropertyName(members.Name());
                json.WriteRawValue(members.Value.Span, skipInputValidation: true);
                json.WriteEndObject();
                return true;
            }
        }

        return false;
    }

    /// <summary>What the bytes are counts: the vendor refuses a name that contradicts them.</summary>
    private static string? ImageFormat(MediaSource media)
    {
        ReadOnlySpan<byte> base64 = media.Base64.Span;
        return base64.StartsWith("iVBORw0KGgo"u8) ? "png"
            : base64.StartsWith("/9j/"u8) ? "jpeg"
            : base64.StartsWith("R0lGOD"u8) ? "gif"
            : base64.StartsWith("UklGR"u8) ? "webp"
            : Ending(media) switch { "jpg" or "jpeg" => "jpeg", "png" or "gif" or "webp" => Ending(media), _ => null };
    }

    private static string? VideoFormat(MediaSource media) => Ending(media) switch
    {
        "quicktime" or "mov" => "mov",
        "x-matroska" or "mkv" => "mkv",
        "x-flv" or "flv" => "flv",
        "x-ms-wmv" or "wmv" => "wmv",
        "3gpp" or "3gp" => "three_gp",
        "mp4" or "webm" or "mpeg" or "mpg" => Ending(media),
        _ => null,
    };

    private static string? AudioFormat(MediaSource media) => Ending(media) switch
    {
        "mpeg" or "mp3" => "mp3",
        "x-wav" or "wave" or "wav" => "wav",
        "x-m4a" or "m4a" => "m4a",
        "opus" or "aac" or "flac" or "ogg" or "webm" or "mp4" => Ending(media),
        _ => null,
    };

    /// <summary>"png" of image/png, else of the address: S3 tells no types.</summary>
    public static string? Ending(MediaSource media)
    {
        string? name = media.MediaType is { } type ? type[(type.LastIndexOf('/') + 1)..] : media.Url is { } url ? url[(url.LastIndexOf('.') + 1)..] : null;
        return name?.Split(';')[0].Trim().ToLowerInvariant();
    }
}
