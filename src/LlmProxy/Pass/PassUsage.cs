using System.Text.Json;
using LlmProxy.Accounting;
using LlmProxy.Providers.Anthropic;
using LlmProxy.Providers.Gemini;
using LlmProxy.Providers.OpenAiDialect;
using LlmProxy.Wire;

namespace LlmProxy.Pass;

/// <summary>Finds what a vendor says it used in an answer that nobody here reads: in its beginning or its end, as its dialect calls it.</summary>
internal static class PassUsage
{
    /// <summary>Null: it does not say.</summary>
    public static TokenUsage? Find(string provider, ReadOnlySpan<byte> beginning, ReadOnlySpan<byte> end)
    {
        try
        {
            return provider switch
            {
                "anthropic" => OfAnthropic(beginning, end),
                "gemini" or "vertex" => Last(beginning, end, "\"usageMetadata\""u8, static json => GeminiUsage.Read(json)),
                _ => Last(beginning, end, "\"usage\""u8, static json => UsageReader.Read(json)),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null; // Text that looks like it, or a count in pieces.
        }
    }

    private static TokenUsage? OfAnthropic(ReadOnlySpan<byte> beginning, ReadOnlySpan<byte> end)
    {
        var usage = new AnthropicUsage();
        TokenUsage? told = null;
        int from = 0;
        int at;
        while ((at = JsonScan.NextValue(beginning, "\"usage\""u8, ref from)) >= 0)
        {
            told = beginning[at] == '{' ? usage.Read(beginning[at..]) : told;
        }

        from = 0;
        while ((at = JsonScan.NextValue(end, "\"usage\""u8, ref from)) >= 0)
        {
            told = end[at] == '{' ? usage.Read(end[at..]) : told;
        }

        return told;
    }

    private static TokenUsage? Last(ReadOnlySpan<byte> beginning, ReadOnlySpan<byte> end, ReadOnlySpan<byte> name, Func<byte[], TokenUsage?> read) =>
        LastIn(end, name, read) ?? LastIn(beginning, name, read);

    private static TokenUsage? LastIn(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name, Func<byte[], TokenUsage?> read)
    {
        int from = 0;
        int last = -1;
        int at;
        while ((at = JsonScan.NextValue(json, name, ref from)) >= 0)
        {
            last = json[at] == '{' ? at : last;
        }

        return last < 0 ? null : read(json[last..].ToArray());
    }
}
