using System.Text.RegularExpressions;

namespace LlmProxy.Wire;

/// <summary>Cuts out of a text whatever looks like a credential. For texts that a vendor wrote and a caller will read.</summary>
internal static partial class SecretMask
{
    public const string Mask = "***";

    private const int TimeoutMs = 200;
    private const string Withheld = "(text withheld: it could not be searched for credentials)";

    /// <summary>Shorter than this is a word, not a credential.</summary>
    private const int ShortestSecret = 4;

    /// <summary>The text with every credential replaced by stars; <paramref name="secrets"/> are those known by heart.</summary>
    public static string Apply(string text, IReadOnlyList<string>? secrets = null)
    {
        for (int i = 0; i < (secrets?.Count ?? 0); i++)
        {
            if (secrets![i].Length >= ShortestSecret)
            {
                text = text.Replace(secrets[i], Mask, StringComparison.Ordinal);
            }
        }

        try
        {
            text = Prefixed().Replace(text, Mask);
            text = UserInfo().Replace(text, "://" + Mask + "@");
            text = Scheme().Replace(text, "$1 " + Mask);
            text = Named().Replace(text, "$1" + Mask);
            return Bare().Replace(text, Mask);
        }
        catch (RegexMatchTimeoutException)
        {
            return Withheld;
        }
    }

    /// <summary>
    /// Vendors' own marks: OpenAI and many others (sk-), Groq, xAI, Together, Hugging Face, NVIDIA, Google, AWS, GitHub,
    /// Slack; and signed tokens. Also those that the vendor has half hidden behind stars.
    /// </summary>
    [GeneratedRegex(
        @"(?<![A-Za-z0-9])(?:(?:sk|pk|rk|xai|gsk|tgp|csk|fw|hf|r8|nvapi|pplx|ghp|gho|ghs|glpat|xox[abp])[-_][A-Za-z0-9_*.\-]{4,}"
        + @"|AIza[0-9A-Za-z_*\-]{10,}|(?:AKIA|ASIA)[0-9A-Z*]{8,}|ya29\.[0-9A-Za-z_*\-]{8,}|eyJ[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]+){0,2})",
        RegexOptions.CultureInvariant, TimeoutMs)]
    private static partial Regex Prefixed();

    [GeneratedRegex(@"://[^\s/@""'<>]{1,512}@", RegexOptions.CultureInvariant, TimeoutMs)]
    private static partial Regex UserInfo();

    [GeneratedRegex(@"\b(Bearer|Basic)\s+(?=[^\s,;""'<>]*[0-9+/=_*.\-])[^\s,;""'<>]{6,}", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, TimeoutMs)]
    private static partial Regex Scheme();

    /// <summary>What follows a name for a credential: key=..., "token": "...", api key provided: ... Ordinary words behind a colon or a space stay.</summary>
    [GeneratedRegex(
        @"((?<![A-Za-z])(?:[A-Za-z]+[-_])*(?:key|apikey|token|secret|password|passwd|authorization|credential|signature|sig)\b(?:\s+(?:provided|given|used))?[""'`]?"
        + @"(?:=[""'`]?|(?:\s*[=:]\s*[""'`]?|\s+(?:is\s+)?[""'`]?(?=[A-Za-z0-9+/_*.\-]{16}))(?=[^\s""'`,;&<>]*[0-9*])))"
        + @"(?!\*\*\*)[^\s""'`,;&<>]{6,}",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, TimeoutMs)]
    private static partial Regex Named();

    /// <summary>Long runs of letters and digits mixed, as Azure's and Mistral's keys are: nothing that a reader would miss.</summary>
    [GeneratedRegex(
        @"(?<![A-Za-z0-9_\-])(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{32,}={0,2}(?![A-Za-z0-9_\-])",
        RegexOptions.CultureInvariant, TimeoutMs)]
    private static partial Regex Bare();
}
