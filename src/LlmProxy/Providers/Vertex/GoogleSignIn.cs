using System.Text.Json;
using Google.Apis.Auth.OAuth2;
using Google.Apis.Auth.OAuth2.Responses;
using GoogleClients = Google.Apis.Http.IHttpClientFactory;

namespace LlmProxy.Providers.Vertex;

/// <summary>The one place that touches Google.Apis.Auth, so that the assembly is loaded by use alone.</summary>
internal static class GoogleSignIn
{
    private const string Scope = "https://www.googleapis.com/auth/cloud-platform";

    /// <summary>Where a token's end is not told.</summary>
    private static readonly TimeSpan ShortLife = TimeSpan.FromMinutes(10);

    /// <summary>
    /// With the credential in a file (or its JSON itself), or where there is none with whatever this machine has. The file
    /// is read each time: keys are rotated by rewriting it.
    /// </summary>
    public static async ValueTask<BearerToken> FetchAsync(string? source, TimeProvider time, GoogleClients? clients, CancellationToken cancellation)
    {
        GoogleCredential credential = source is null
            ? await GoogleCredential.GetApplicationDefaultAsync(cancellation)
            : await ReadAsync(source, cancellation);
        credential = credential.CreateScoped(Scope);
        if (clients is not null)
        {
            credential = credential.CreateWithHttpClientFactory(clients);
        }

        string? payer = credential.QuotaProject;
        if (credential.UnderlyingCredential is ServiceAccountCredential { UseJwtAccessWithScopes: true } account)
        {
            credential = account.WithUseJwtAccessWithScopes(false).ToGoogleCredential(); // Ask for a token where the key says.
        }

        ITokenAccess access = credential;
        string value = await access.GetAccessTokenForRequestAsync(null, cancellation);
        return new BearerToken(value, ExpiryOf(credential.UnderlyingCredential) ?? time.GetUtcNow() + ShortLife, QuotaProject: payer);
    }

    private static async Task<GoogleCredential> ReadAsync(string source, CancellationToken cancellation)
    {
        string json = source.AsSpan().TrimStart().StartsWith('{') ? source : await File.ReadAllTextAsync(source, cancellation);
        using var document = JsonDocument.Parse(json);
        string type = document.RootElement.GetProperty("type").GetString() ?? "";
        return CredentialFactory.FromJson(json, type);
    }

    private static DateTimeOffset? ExpiryOf(object credential)
    {
        TokenResponse? token = credential switch
        {
            ServiceCredential service => service.Token,
            UserCredential user => user.Token,
            _ => null,
        };
        return token?.ExpiresInSeconds is { } seconds && token.IssuedUtc > DateTime.UnixEpoch
            ? new DateTimeOffset(DateTime.SpecifyKind(token.IssuedUtc, DateTimeKind.Utc)).AddSeconds(seconds)
            : null;
    }
}
