using LlmProxy.Configuration.Options;

namespace LlmProxy.Hosting;

/// <summary>Who may call is decided before the first address opens: an open gateway is never an accident.</summary>
internal static class StartRules
{
    /// <summary>The mode that holds; null with a refusal that says what to set.</summary>
    public static AuthMode? Decide(GatewayOptions options, IEnumerable<string> addresses, out string? refusal)
    {
        refusal = null;
        if (options.Auth.Mode is { } written)
        {
            return written;
        }

        if (options.Keys.Count > 0)
        {
            return AuthMode.Keys;
        }

        string? outside = addresses.FirstOrDefault(address => !BoundAddresses.IsLoopback(address));
        if (outside is null)
        {
            return AuthMode.Open;
        }

        refusal = $"""
            The gateway would listen on {outside}, where others can reach it, and no key is configured.
              Set LLMPROXY_API_KEY=<a long random text> (or add one under LlmProxy:Keys), and send it as "Authorization: Bearer <key>";
              or, where all keys are kept in the database (/admin/api/keys), write LlmProxy__Auth__Mode=keys;
              or listen on this machine only: ASPNETCORE_URLS=http://localhost:8080;
              or, where the network itself keeps strangers out, write LlmProxy__Auth__Mode=open.
            """;
        return null;
    }
}
