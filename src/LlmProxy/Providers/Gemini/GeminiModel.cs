using System.Globalization;

namespace LlmProxy.Providers.Gemini;

/// <summary>What a model's name says about what it takes.</summary>
internal readonly record struct GeminiModel(string Name)
{
    /// <summary>2.5 for "gemini-2.5-flash"; names without a number ("gemini-flash-latest") stand for the newest; 0 for other families.</summary>
    public decimal Generation
    {
        get
        {
            int at = Name.LastIndexOf("gemini-", StringComparison.OrdinalIgnoreCase);
            if (at < 0)
            {
                return 0;
            }

            string rest = Name[(at + 7)..];
            int end = 0;
            while (end < rest.Length && end < 8 && (char.IsAsciiDigit(rest[end]) || rest[end] == '.'))
            {
                end++;
            }

            return decimal.TryParse(rest[..end].TrimEnd('.'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number) ? number
                : rest.StartsWith("exp", StringComparison.OrdinalIgnoreCase) ? 2 : 3;
        }
    }

    /// <summary>From Gemini 3 on thinking has levels, tool calls must carry their signatures, and tool results may hold images.</summary>
    public bool IsThird => Generation >= 3;

    public bool IsFlash => Has("flash");

    public bool IsLite => Has("lite");

    public bool Thinks => Generation >= 2.5m && !Has("image") && !Has("-tts") && !Has("native-audio") && !Has("embedding");

    private bool Has(string word) => Name.Contains(word, StringComparison.OrdinalIgnoreCase);
}
