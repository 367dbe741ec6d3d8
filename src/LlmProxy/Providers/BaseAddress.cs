using LlmProxy.Endpoints;

namespace LlmProxy.Providers;

/// <summary>What people paste as a base address, and what is meant by it.</summary>
internal static class BaseAddress
{
    /// <summary>
    /// Without trailing slashes and without the endpoint that documentation pages like to show. An address that is
    /// only a host gets <paramref name="defaultPath"/>; one that named its endpoint meant its path as it stands.
    /// </summary>
    public static string Normalize(string written, string defaultPath)
    {
        string address = written.Trim().TrimEnd('/');
        foreach (EndpointKind endpoint in EndpointKind.OfOpenAi)
        {
            if (EndsWithPath(address, endpoint.Path))
            {
                return address[..^(endpoint.Path.Length + 1)].TrimEnd('/');
            }
        }

        return IsBareHost(address) ? address + defaultPath : address;
    }

    /// <summary>The server's own root: the base address without its version.</summary>
    public static string Root(string baseAddress) =>
        EndsWithPath(baseAddress, "v1") ? baseAddress[..^3].TrimEnd('/') : baseAddress;

    /// <summary>Why an address cannot be called, in words an operator can act on; null when it can.</summary>
    public static string? Problem(string key, string written, bool mayHaveQuery = false)
    {
        if (!Uri.TryCreate(written.Trim(), UriKind.Absolute, out Uri? uri) || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps))
        {
            return $"{key} must be a whole address that begins with http:// or https://";
        }

        // The address itself is not repeated: what is written in it here is a credential.
        if (uri.UserInfo.Length > 0)
        {
            return $"{key} must not hold a user name or password; put the credential into Auth or Headers";
        }

        return (uri.Query.Length > 0 && !mayHaveQuery) || uri.Fragment.Length > 0
            ? $"{key} must end before \"?\" and \"#\": paths are put behind it"
            : null;
    }

    private static bool EndsWithPath(string address, string path) =>
        address.Length > path.Length + 1
        && address[^(path.Length + 1)] == '/'
        && address.EndsWith(path, StringComparison.OrdinalIgnoreCase);

    private static bool IsBareHost(string address)
    {
        int host = address.IndexOf("://", StringComparison.Ordinal);
        return host > 0 && !address.AsSpan(host + 3).Contains('/');
    }
}
