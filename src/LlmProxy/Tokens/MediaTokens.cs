using LlmProxy.Conversation;

namespace LlmProxy.Tokens;

/// <summary>
/// What media in a prompt cost, by the vendors' published rules: OpenAI's tiles and patches
/// (https://platform.openai.com/docs/guides/images-vision), Anthropic's area
/// (https://docs.anthropic.com/en/docs/build-with-claude/vision), Gemini's tiles
/// (https://ai.google.dev/gemini-api/docs/tokens); others as OpenAI's. A picture whose size is not known counts as 1024 by
/// 1024. Documents and sounds are judged by their bytes, roughly.
/// </summary>
internal static class MediaTokens
{
    private const int BytesPerPdfToken = 40;
    private const int BytesPerWavToken = 4800; // 24 kHz, 16 bit; ten tokens a second.
    private const int BytesPerSoundToken = 1600;
    private const int BytesPerVideoToken = 1000;

    public static long Count(PartKind kind, MediaSource media, string model)
    {
        long bytes = media.Base64.Length / 4 * 3;
        return kind switch
        {
            PartKind.Image => CountImage(media, model),
            PartKind.File when media.MediaType?.StartsWith("text/", StringComparison.Ordinal) == true => bytes / 3,
            PartKind.File => bytes / BytesPerPdfToken,
            PartKind.Audio => bytes / (media.MediaType == "audio/wav" ? BytesPerWavToken : BytesPerSoundToken),
            PartKind.Video => bytes / BytesPerVideoToken,
            _ => 0,
        };
    }

    private static long CountImage(MediaSource media, string model)
    {
        (int width, int height) = ImageSize.Of(media.Base64.Span) ?? (1024, 1024);
        ReadOnlySpan<char> name = Encodings.BareName(model);
        if (Is(name, "claude"))
        {
            (width, height) = Within(width, height, 1568, 1568);
            return Math.Min(1600, (((long)width * height) + 749) / 750);
        }

        if (Is(name, "gemini") || Is(name, "gemma"))
        {
            return width <= 384 && height <= 384 ? 258 : 258L * Parts(width, 768) * Parts(height, 768);
        }

        return PatchFactor(name) is { } factor
            ? (long)Math.Ceiling(Math.Min(1536, (long)Parts(width, 32) * Parts(height, 32)) * factor)
            : CountTiles(name, width, height, media.Detail);
    }

    private static long CountTiles(ReadOnlySpan<char> model, int width, int height, string? detail)
    {
        (int first, int perTile) = Is(model, "gpt-4o-mini") ? (2833, 5667)
            : Is(model, "gpt-5") ? (70, 140)
            : Is(model, "o1") || Is(model, "o3") ? (75, 150)
            : (85, 170);
        if (detail == "low")
        {
            return first;
        }

        (width, height) = Within(width, height, 2048, 2048);
        double shrink = Math.Min(1, 768.0 / Math.Min(width, height));
        return first + ((long)perTile * Parts((int)(width * shrink), 512) * Parts((int)(height * shrink), 512));
    }

    /// <summary>Models that count patches of 32 by 32 pixels; null: the others.</summary>
    private static double? PatchFactor(ReadOnlySpan<char> model) => Is(model, "gpt-4.1-mini") || Is(model, "gpt-5-mini") ? 1.62
        : Is(model, "gpt-4.1-nano") || Is(model, "gpt-5-nano") ? 2.46
        : Is(model, "o4-mini") ? 1.72
        : null;

    private static (int Width, int Height) Within(int width, int height, int maxWidth, int maxHeight)
    {
        double shrink = Math.Min(1, Math.Min((double)maxWidth / width, (double)maxHeight / height));
        return (Math.Max(1, (int)(width * shrink)), Math.Max(1, (int)(height * shrink)));
    }

    private static int Parts(int length, int size) => Math.Max(1, (length + size - 1) / size);

    private static bool Is(ReadOnlySpan<char> model, string prefix) => model.StartsWith(prefix, StringComparison.OrdinalIgnoreCase);
}
