namespace LlmProxy.Configuration.Shortcuts;

/// <summary>Reads database addresses as other languages' toolkits write them, with the driver's name in the scheme.</summary>
internal static class DatabaseAddress
{
    /// <summary>Null when it is the address of a database that the gateway does not speak to.</summary>
    public static string? Normalize(string url)
    {
        int end = url.IndexOf("://", StringComparison.Ordinal);
        if (end < 0)
        {
            // Npgsql's and SQLite's own forms: "Host=...", "Data Source=...".
            return url.Contains('=', StringComparison.Ordinal) ? url : null;
        }

        string scheme = url[..end].Split('+')[0].ToUpperInvariant();
        string rest = url[(end + 3)..];
        return scheme switch
        {
            "POSTGRES" or "POSTGRESQL" => $"postgresql://{rest}",
            // sqlite:///relative.db and sqlite:////absolute.db: the host is always empty.
            "SQLITE" when rest.Length > 1 && rest[0] == '/' => $"Data Source={rest[1..]}",
            _ => null,
        };
    }
}
