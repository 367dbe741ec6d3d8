using System.Text.RegularExpressions;

namespace LlmProxy.Wire;

/// <summary>Takes out of a text whatever looks like a credential. Vendors quote keys in their messages; nobody else needs to read them.</summary>
internal static partial class SecretMask
{
    private const string Stars = "***";

    public static string Clean(string text, IEnumerable<string>? secrets = null)
    {
        foreach (string secret in secrets ?? [])
        {
            if (secret.Length >= 4)
            {
                text = text.Replace(secret, Stars, StringComparison.Ordinal);
            }
        }

        text = Known().Replace(text, Stars);
        return Named().Replace(text, "$1" + Stars);
    }

    /// <summary>Keys that show what they are: sk-, rk-, gsk_, AIza, AKIA and ASIA, ya29., xai-, JWTs.</summary>
    [GeneratedRegex(@"\b(?:sk|rk|pk|gsk|xai|hf|fw|tgp)[-_][A-Za-z0-9*_\-]{6,}|\bAIza[\w\-]{10,}|\b(?:AKIA|ASIA)[A-Z0-9]{8,}|\bya29\.[\w\-\.]{8,}|\beyJ[\w\-]{8,}\.[\w\-]{4,}\.[\w\-]*", RegexOptions.NonBacktracking)]
    private static partial Regex Known();

    /// <summary>Values that their name gives away.</summary>
    [GeneratedRegex(@"((?:bearer|api[-_ ]?key(?: provided)?|access[-_ ]?token|secret|authorization)[""']?\s*[:= ]\s*[""']?)[A-Za-z0-9*_\-\.\+/=]{8,}", RegexOptions.NonBacktracking | RegexOptions.IgnoreCase)]
    private static partial Regex Named();
}
