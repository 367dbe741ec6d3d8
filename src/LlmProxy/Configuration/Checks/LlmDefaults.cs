using LlmProxy.Configuration.Options;
using LlmProxy.Configuration.Sources;
using LlmProxy.Providers;

namespace LlmProxy.Configuration.Checks;

/// <summary>Fills in what an LLM's other settings imply, so that everybody else reads plain values.</summary>
internal static class LlmDefaults
{
    public const string AddressKey = "base_url";

    public static void Apply(LlmOptions llm, ConfigObject node, ProviderCard? card, Findings findings)
    {
        llm.Provider = card?.Name ?? llm.Provider;
        llm.Capabilities = [.. llm.Capabilities.Select(Strategies.Normalize).Distinct()];
        llm.Endpoints = [.. llm.Endpoints.Select(Strategies.Normalize).Distinct()];
        if (!llm.Auth.Values.Remove(AddressKey, out Secret? address))
        {
            return;
        }

        if (llm.BaseUrl.Length > 0 || llm.Destinations.Count > 0)
        {
            findings.Mistake(node.OriginOf(nameof(LlmOptions.Auth)).Member(AddressKey), "is a second address beside BaseUrl or Destinations; keep one of them");
        }
        else
        {
            llm.BaseUrl = address.Reveal();
        }
    }
}
