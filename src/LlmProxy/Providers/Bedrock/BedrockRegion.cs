using System.Text.RegularExpressions;
using LlmProxy.Configuration.Options;

namespace LlmProxy.Providers.Bedrock;

/// <summary>In which of AWS's regions an LLM is called.</summary>
internal static partial class BedrockRegion
{
    /// <summary>Written in Auth, named in the address, or AWS's own variables; null: nobody says.</summary>
    public static string? Of(LlmOptions llm, string? address = null) =>
        llm.Auth.Get("region") ?? In(address ?? (llm.Destinations.Count > 0 ? llm.Destinations[0] : llm.BaseUrl))
        ?? Variable("AWS_REGION") ?? Variable("AWS_DEFAULT_REGION");

    public static bool IsName(string region) => Name().IsMatch(region);

    /// <summary>bedrock-runtime.eu-west-1.amazonaws.com, bedrock-runtime-fips.…, vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com</summary>
    private static string? In(string address) => Host().Match(address) is { Success: true } match ? match.Groups[1].Value : null;

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value.Trim() : null;

    [GeneratedRegex(@"bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Host();

    [GeneratedRegex("^[a-z]{2,4}(-[a-z0-9]+)+$", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
