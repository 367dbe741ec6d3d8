namespace LlmProxy.Configuration.Checks;

/// <summary>Small judgements about what an operator wrote; each answers null when all is well.</summary>
internal static class Text
{
    /// <summary>Names travel in lists with commas, in headers and in metrics.</summary>
    public static string? NameProblem(string name, bool isAscii)
    {
        if (name.Any(char.IsControl))
        {
            return "a name must not hold control characters";
        }

        return name switch
        {
            _ when name.Trim().Length != name.Length || name.Length == 0 => "a name must not begin or end with a space or be empty",
            _ when name.Contains(',', StringComparison.Ordinal) => "a name must not hold a comma, which separates names in lists",
            _ when isAscii && !name.All(char.IsAscii) => "a name must be ASCII, because it travels in the header x-llm-model",
            _ => null,
        };
    }

    /// <summary>The address itself is not repeated: what should not stand in it is often a credential.</summary>
    public static string? AddressProblem(string written)
    {
        if (!Uri.TryCreate(written.Trim(), UriKind.Absolute, out Uri? uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps) || uri.Host.Length == 0)
        {
            return "must be a whole address that begins with http:// or https://";
        }

        return uri.UserInfo.Length > 0 ? "must not hold a user name or password; put the credential into Auth or Headers"
            : uri.Fragment.Length > 0 ? "must end before \"#\""
            : null;
    }

    public static bool IsHeaderName(string name) =>
        name.Length > 0 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || "!#$%&'*+-.^_`|~".Contains(letter, StringComparison.Ordinal));

    public static bool IsHeaderValue(string value) => value.All(letter => letter is >= ' ' and <= '~' or '\t');

    /// <summary>"a, b and c".</summary>
    public static string Join(IReadOnlyList<string> names) =>
        names.Count < 2 ? string.Concat(names) : $"{string.Join(", ", names.Take(names.Count - 1))} and {names[^1]}";
}
