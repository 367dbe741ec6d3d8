using LlmProxy.Configuration.Options;

namespace LlmProxy.Providers.Anthropic;

/// <summary>Puts the key, and the version of the API that a request is written for, on it.</summary>
internal static class AnthropicAuth
{
    public const string KeyHeader = "x-api-key";
    public const string VersionHeader = "anthropic-version";
    public const string BetaHeader = "anthropic-beta";
    public const string Version = "2023-06-01";

    public static void Apply(HttpRequestMessage request, LlmOptions llm)
    {
        if (ApiKeys.Current(llm.Auth) is { } key)
        {
            request.Headers.Remove(KeyHeader);
            request.Headers.TryAddWithoutValidation(KeyHeader, key);
        }

        // A client that speaks Anthropic's dialect has said which version of it: that one travels.
        if (!request.Headers.NonValidated.Contains(VersionHeader))
        {
            request.Headers.TryAddWithoutValidation(VersionHeader, Version);
        }
    }

    public static string? KeyOn(HttpRequestMessage request) =>
        request.Headers.NonValidated.TryGetValues(KeyHeader, out var values) ? values.ToString() : null;
}
