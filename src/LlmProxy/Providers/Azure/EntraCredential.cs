using Azure.Core;
using Azure.Identity;

namespace LlmProxy.Providers.Azure;

/// <summary>The one place that touches Azure.Identity, so that the assembly is loaded by use alone.</summary>
internal static class EntraCredential
{
    private static readonly Lazy<DefaultAzureCredential> Credential = new(static () => new DefaultAzureCredential());

    /// <summary>https://learn.microsoft.com/azure/ai-services/openai/how-to/managed-identity</summary>
    private static readonly string[] Scopes = ["https://cognitiveservices.azure.com/.default"];

    public static async ValueTask<BearerToken> FetchAsync(CancellationToken cancellation)
    {
        AccessToken token = await Credential.Value.GetTokenAsync(new TokenRequestContext(Scopes), cancellation);
        return new BearerToken(token.Token, token.ExpiresOn, token.RefreshOn);
    }
}
