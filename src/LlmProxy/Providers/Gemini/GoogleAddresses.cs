using LlmProxy.Configuration.Options;

namespace LlmProxy.Providers.Gemini;

/// <summary>The addresses that an operator wrote for an LLM of Google's.</summary>
internal static class GoogleAddresses
{
    public static IEnumerable<string> Check(LlmOptions llm)
    {
        foreach ((string key, string address) in Of(llm))
        {
            if (BaseAddress.Problem(key, address) is { } problem)
            {
                yield return problem;
            }
        }
    }

    /// <summary>Whoever wrote another address than Google's knows whether it takes a credential.</summary>
    public static bool IsOverridden(LlmOptions llm, Func<string, string> normalize, string own)
    {
        foreach ((_, string address) in Of(llm))
        {
            if (!normalize(address).Equals(own, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static IEnumerable<(string Key, string Address)> Of(LlmOptions llm)
    {
        if (llm.BaseUrl.Length > 0)
        {
            yield return ("BaseUrl", llm.BaseUrl);
        }

        for (int i = 0; i < llm.Destinations.Count; i++)
        {
            yield return ($"Destinations[{i}]", llm.Destinations[i]);
        }
    }
}
