using LlmProxy.Configuration;
using LlmProxy.Pipeline;
using LlmProxy.Routing;

namespace LlmProxy.Admin;

/// <summary>GET /admin/api/providers/health: every LLM as /health/providers shows it, and the sums of each provider.</summary>
internal static class ProviderRoutes
{
    public static Task<GatewayError?> HealthAsync(HttpContext http, GatewaySnapshot snapshot) => AdminJson.SendAsync(http, json =>
    {
        json.WriteStartArray("providers");
        foreach (Deployment llm in snapshot.Models.ByPriority)
        {
            ProviderHealth.Write(json, llm);
        }

        json.WriteEndArray();
        json.WriteStartObject("by_provider");
        foreach (IGrouping<string, Deployment> provider in snapshot.Models.ByPriority.GroupBy(llm => llm.ProviderName).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            json.WriteStartObject(provider.Key);
            json.WriteNumber("llms", provider.Count());
            json.WriteNumber("running", provider.Sum(llm => llm.State.Tags.Running));
            json.WriteStartObject("states");
            foreach (IGrouping<string, Deployment> state in provider.GroupBy(llm => ProviderHealth.Judge(llm).State).OrderBy(group => group.Key, StringComparer.Ordinal))
            {
                json.WriteNumber(state.Key, state.Count());
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    });
}
