namespace LlmProxy.Providers.Azure;

/// <summary>
/// What an Azure address says besides the resource: the portal's "Target URI" names deployment and api-version too,
/// and people paste it as it is.
/// </summary>
internal readonly record struct AzureAddress(string Resource, string? Deployment, string? ApiVersion)
{
    private const string Marker = "/openai";
    private const string DeploymentsMarker = "/deployments/";

    public static AzureAddress Parse(string written)
    {
        string address = written.Trim();
        int query = address.IndexOfAny(['?', '#']);
        string? version = query < 0 ? null : VersionIn(address.AsSpan(query + 1));
        address = (query < 0 ? address : address[..query]).TrimEnd('/');

        // The host may itself hold the word (NAME.openai.azure.com), so only a whole path segment counts.
        int marker = MarkerAt(address);
        if (marker < 0)
        {
            return new AzureAddress(address, null, version);
        }

        string rest = address[(marker + Marker.Length)..];
        string? deployment = null;
        if (rest.StartsWith(DeploymentsMarker, StringComparison.OrdinalIgnoreCase))
        {
            string name = rest[DeploymentsMarker.Length..];
            int end = name.IndexOf('/', StringComparison.Ordinal);
            deployment = Uri.UnescapeDataString(end < 0 ? name : name[..end]);
        }

        return new AzureAddress(address[..marker].TrimEnd('/'), string.IsNullOrEmpty(deployment) ? null : deployment, version);
    }

    private static int MarkerAt(string address)
    {
        int host = address.IndexOf("://", StringComparison.Ordinal) + 3;
        int path = host < 3 ? -1 : address.IndexOf('/', host);
        if (path < 0)
        {
            return -1;
        }

        int at = address.IndexOf(Marker, path, StringComparison.OrdinalIgnoreCase);
        while (at >= 0 && at + Marker.Length < address.Length && address[at + Marker.Length] != '/')
        {
            at = address.IndexOf(Marker, at + 1, StringComparison.OrdinalIgnoreCase);
        }

        return at;
    }

    private static string? VersionIn(ReadOnlySpan<char> query)
    {
        foreach (Range part in query.Split('&'))
        {
            ReadOnlySpan<char> pair = query[part];
            if (pair.StartsWith("api-version=", StringComparison.OrdinalIgnoreCase) && pair.Length > "api-version=".Length)
            {
                return Uri.UnescapeDataString(pair["api-version=".Length..].ToString());
            }
        }

        return null;
    }
}
