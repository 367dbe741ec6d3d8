using System.Globalization;
using System.Net.Http.Headers;

namespace LlmProxy.Providers.OpenAiDialect;

/// <summary>Reads when a vendor wants to be asked again.</summary>
internal static class RetryAdvice
{
    public static TimeSpan? Read(HttpResponseHeaders headers, TimeProvider time)
    {
        // OpenAI's SDKs read the finer one first; Azure sends both.
        if (First(headers, "retry-after-ms") is { } ms && Number(ms) is { } milliseconds)
        {
            return TimeSpan.FromMilliseconds(milliseconds);
        }

        if (First(headers, "retry-after") is not { } text)
        {
            return null;
        }

        if (Number(text) is { } seconds)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at))
        {
            return null;
        }

        TimeSpan wait = at - time.GetUtcNow();
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    private static double? Number(string text)
    {
        const NumberStyles Style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite;
        return double.TryParse(text, Style, CultureInfo.InvariantCulture, out double number) && number < 1e9 ? number : null;
    }

    private static string? First(HttpResponseHeaders headers, string name)
    {
        if (headers.NonValidated.TryGetValues(name, out HeaderStringValues values))
        {
            foreach (string value in values)
            {
                return value;
            }
        }

        return null;
    }
}
