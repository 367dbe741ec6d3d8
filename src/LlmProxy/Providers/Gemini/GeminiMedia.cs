using System.Buffers;
using System.Text.Json;
using LlmProxy.Conversation;

namespace LlmProxy.Providers.Gemini;

/// <summary>Images, sounds, videos and documents, in both directions. https://ai.google.dev/api/caching#Part</summary>
internal static class GeminiMedia
{
    private const string FileStore = "https://generativelanguage.googleapis.com/v1beta/files/";

    /// <summary>Google reads its own storage, its own file store and YouTube; everything else is handed over as bytes.</summary>
    public static bool IsReadByGoogle(string url) =>
        url.StartsWith("gs://", StringComparison.OrdinalIgnoreCase)
        || (Uri.TryCreate(url, UriKind.Absolute, out Uri? uri)
            && ((uri.Host.Equals("generativelanguage.googleapis.com", StringComparison.OrdinalIgnoreCase) && uri.AbsolutePath.Contains("/files/", StringComparison.Ordinal))
                || uri.Host is "youtu.be" or "youtube.com" or "www.youtube.com" or "m.youtube.com"));

    /// <summary>The inlineData or fileData member, the object around it being the caller's.</summary>
    public static void Write(Utf8JsonWriter json, ChatPart part, ChatTurn turn)
    {
        MediaSource media = turn.MediaOf(part);
        if (media.Detail is not (null or "auto"))
        {
            turn.Fields.Drop(part.Path + ".image_url.detail");
        }

        if (!media.Base64.IsEmpty)
        {
            json.WriteStartObject("inlineData"u8);
            json.WriteString("mimeType"u8, media.MediaType ?? Sniffed(media.Base64.Span) ?? throw turn.Refuse(part.Path, "its media type is not said and cannot be told from its bytes."));
            json.WriteString("data"u8, media.Base64.Span);
            json.WriteEndObject();
            return;
        }

        string uri = media.Url ?? FileUri(media.FileId) ?? throw turn.Refuse(part.Path, "a file id must be one of Google's (\"files/…\", or a file's whole address).");
        if (media.Url is not null && !IsReadByGoogle(uri))
        {
            throw turn.Refuse(part.Path, "Google reads only gs:// addresses, its own file store and YouTube, and the address was not fetched.");
        }

        json.WriteStartObject("fileData"u8);
        if ((media.MediaType ?? TypeOf(uri, part.Kind)) is { } type)
        {
            json.WriteString("mimeType"u8, type);
        }

        json.WriteString("fileUri"u8, uri);
        json.WriteEndObject();
    }

    /// <summary>What a model drew, as the parts that other gateways put into "images".</summary>
    public static void WriteAnswered(ReadOnlySpan<byte> media, IBufferWriter<byte> output)
    {
        ReadOnlySpan<byte> type = "application/octet-stream"u8;
        ReadOnlySpan<byte> data = default;
        ReadOnlySpan<byte> uri = default;
        var members = new SpanWalk(media);
        while (members.Next())
        {
            type = members.Is("mimeType"u8) ? members.Escaped : type;
            data = members.Is("data"u8) ? members.Escaped : data;
            uri = members.Is("fileUri"u8) ? members.Escaped : uri;
        }

        output.Write("{\"type\":\"image_url\",\"image_url\":{\"url\":\""u8);
        if (data.IsEmpty)
        {
            output.Write(uri);
        }
        else
        {
            output.Write("data:"u8);
            output.Write(type);
            output.Write(";base64,"u8);
            output.Write(data);
        }

        output.Write("\"}}"u8);
    }

    private static string? FileUri(string? id) =>
        id is null ? null
        : id.StartsWith("files/", StringComparison.Ordinal) ? FileStore + id[6..]
        : IsReadByGoogle(id) ? id
        : null;

    private static string? Sniffed(ReadOnlySpan<byte> base64) =>
        base64.StartsWith("iVBORw0KGgo"u8) ? "image/png"
        : base64.StartsWith("/9j/"u8) ? "image/jpeg"
        : base64.StartsWith("R0lGOD"u8) ? "image/gif"
        : base64.StartsWith("UklGR"u8) ? "image/webp"
        : base64.StartsWith("JVBERi0"u8) ? "application/pdf"
        : null;

    private static string? TypeOf(string uri, PartKind kind)
    {
        string ending = Path.GetExtension(uri.Split('?')[0]).TrimStart('.').ToLowerInvariant();
        return ending switch
        {
            "png" => "image/png",
            "jpg" or "jpeg" => "image/jpeg",
            "webp" => "image/webp",
            "gif" => "image/gif",
            "heic" => "image/heic",
            "pdf" => "application/pdf",
            "txt" or "md" or "csv" or "json" => "text/plain",
            "html" => "text/html",
            "mp4" => "video/mp4",
            "mov" => "video/quicktime",
            "webm" => "video/webm",
            "mpeg" or "mpg" => "video/mpeg",
            "mp3" => "audio/mpeg",
            "wav" => "audio/wav",
            "flac" => "audio/flac",
            "ogg" => "audio/ogg",
            "m4a" => "audio/m4a",
            _ when uri.StartsWith("gs://", StringComparison.OrdinalIgnoreCase) || uri.Contains("youtu", StringComparison.OrdinalIgnoreCase) => kind switch
            {
                PartKind.Image => "image/jpeg",
                PartKind.Audio => "audio/mpeg",
                PartKind.Video => "video/mp4",
                _ when uri.Contains("youtu", StringComparison.OrdinalIgnoreCase) => "video/mp4",
                _ => "application/pdf",
            },
            _ => null, // In Google's file store the type is known.
        };
    }
}
