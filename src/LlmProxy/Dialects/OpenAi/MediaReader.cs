using System.Text;
using LlmProxy.Conversation;
using LlmProxy.Pipeline;
using LlmProxy.Wire;

namespace LlmProxy.Dialects.OpenAi;

/// <summary>Images, sounds and files as chat completions name them.</summary>
internal static class MediaReader
{
    public static GatewayError? Read(PartKind kind, ReadOnlyMemory<byte> value, string path, out MediaSource? media)
    {
        media = null;
        if (value.IsEmpty)
        {
            return GatewayError.Missing(path, $"{path} has nothing in it: an image needs \"image_url\", a sound \"input_audio\", a file \"file\".");
        }

        if (value.Span[0] == '"')
        {
            return FromAddress(new JsonText(value), path, null, null, out media);
        }

        JsonText address = default;
        JsonText data = default;
        string? format = null;
        string? detail = null;
        string? name = null;
        string? id = null;
        var members = new JsonWalk(value);
        while (members.Next())
        {
            if (!members.IsString)
            {
                continue;
            }

            if (members.Is("url"u8) || members.Is("file_url"u8))
            {
                address = new JsonText(members.Value);
            }
            else if (members.Is("data"u8) || members.Is("file_data"u8))
            {
                data = new JsonText(members.Value);
            }
            else if (members.Is("format"u8) || members.Is("mime_type"u8))
            {
                format = members.Text();
            }
            else if (members.Is("detail"u8))
            {
                detail = members.Text();
            }
            else if (members.Is("filename"u8))
            {
                name = members.Text();
            }
            else if (members.Is("file_id"u8))
            {
                id = members.Text();
            }
        }

        if (!data.IsEmpty && !data.Escaped.StartsWith("data:"u8))
        {
            media = new MediaSource { Base64 = Plain(data), MediaType = TypeOf(kind, format, name), FileName = name };
            return null;
        }

        if (id is not null)
        {
            media = new MediaSource { FileId = id, FileName = name, MediaType = TypeOf(kind, format, name) };
            return null;
        }

        return FromAddress(data.IsEmpty ? address : data, path, detail, name, out media);
    }

    /// <summary>A web address, or the bytes themselves as a data: address.</summary>
    public static GatewayError? FromAddress(JsonText address, string path, string? detail, string? fileName, out MediaSource? media)
    {
        media = null;
        if (!address.Escaped.StartsWith("data:"u8))
        {
            string url = address.ToString();
            if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https" or "gs" or "s3"))
            {
                return GatewayError.Invalid(path, $"{path} must hold an address that begins with https://, http:// or data:.");
            }

            media = new MediaSource { Url = url, Detail = detail, FileName = fileName };
            return null;
        }

        ReadOnlyMemory<byte> plain = Plain(address);
        int comma = plain.Span.IndexOf((byte)',');
        string head = comma < 0 ? "" : Encoding.ASCII.GetString(plain.Span[5..comma]);
        if (!head.EndsWith(";base64", StringComparison.OrdinalIgnoreCase))
        {
            return GatewayError.Invalid(path, $"{path}: a data: address must be base64 (data:image/png;base64,...).");
        }

        string type = head[..^7];
        int semicolon = type.IndexOf(';', StringComparison.Ordinal);
        media = new MediaSource
        {
            Base64 = plain[(comma + 1)..],
            MediaType = semicolon < 0 ? type : type[..semicolon],
            Detail = detail,
            FileName = fileName,
        };
        return null;
    }

    /// <summary>The text without escapes ("\/" is common in base64 that PHP wrote) and white space.</summary>
    private static ReadOnlyMemory<byte> Plain(JsonText text)
    {
        ReadOnlyMemory<byte> inner = text.Token[1..^1];
        return inner.Span.IndexOfAny((byte)'\\', (byte)' ') < 0
            ? inner
            : Encoding.UTF8.GetBytes(text.ToString().Replace("\n", "", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal));
    }

    private static string? TypeOf(PartKind kind, string? format, string? fileName)
    {
        if (format?.Contains('/', StringComparison.Ordinal) == true)
        {
            return format;
        }

        string? ending = format ?? (fileName is null ? null : System.IO.Path.GetExtension(fileName).TrimStart('.').ToLowerInvariant());
        return ending switch
        {
            "wav" => "audio/wav",
            "mp3" => "audio/mpeg",
            "pdf" => "application/pdf",
            "txt" => "text/plain",
            "md" => "text/markdown",
            "csv" => "text/csv",
            "html" => "text/html",
            "json" => "application/json",
            "png" => "image/png",
            "jpg" or "jpeg" => "image/jpeg",
            "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            null or "" => kind == PartKind.File ? "application/pdf" : null,
            _ => kind == PartKind.Audio ? "audio/" + ending : "application/octet-stream",
        };
    }
}
