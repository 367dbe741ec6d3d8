using LlmProxy.Conversation;

namespace LlmProxy.Media;

/// <summary>What a file is, by its first bytes rather than by what its server says.</summary>
internal static class MediaTypes
{
    /// <summary>Null: these bytes are nothing that a part of this kind may hold.</summary>
    public static string? Of(PartKind kind, ReadOnlySpan<byte> bytes, string? announced)
    {
        string? found = Sniff(bytes);
        bool isTextual = announced?.StartsWith("text/", StringComparison.OrdinalIgnoreCase) == true || announced is "application/json" or "application/xml";
        return kind switch
        {
            PartKind.Image => found?.StartsWith("image/", StringComparison.Ordinal) == true ? found : null,
            PartKind.File => found ?? (isTextual || announced?.StartsWith("application/", StringComparison.OrdinalIgnoreCase) == true ? announced : null),
            PartKind.Audio => announced?.StartsWith("audio/", StringComparison.OrdinalIgnoreCase) == true ? announced : found is "audio/wav" or "audio/mpeg" or "audio/ogg" or "audio/flac" ? found : null,
            PartKind.Video => announced?.StartsWith("video/", StringComparison.OrdinalIgnoreCase) == true ? announced : null,
            _ => null,
        };
    }

    public static string? Sniff(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G']))
        {
            return "image/png";
        }

        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
        {
            return "image/jpeg";
        }

        if (bytes.StartsWith("GIF8"u8))
        {
            return "image/gif";
        }

        if (bytes.StartsWith("%PDF-"u8))
        {
            return "application/pdf";
        }

        if (bytes.Length >= 12 && bytes.StartsWith("RIFF"u8))
        {
            return bytes[8..12].SequenceEqual("WEBP"u8) ? "image/webp" : bytes[8..12].SequenceEqual("WAVE"u8) ? "audio/wav" : null;
        }

        if (bytes.StartsWith("OggS"u8))
        {
            return "audio/ogg";
        }

        if (bytes.StartsWith("fLaC"u8))
        {
            return "audio/flac";
        }

        return bytes.StartsWith("ID3"u8) ? "audio/mpeg" : null;
    }
}
