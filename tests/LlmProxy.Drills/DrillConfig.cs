using System.Text.Json;
using LlmProxy.TestKit;

namespace LlmProxy.Drills;

/// <summary>The one LLM that every drill runs against.</summary>
internal static class DrillConfig
{
    public static string For(ScriptedUpstream upstream, string model, object? limits = null) => JsonSerializer.Serialize(new
    {
        LlmProxy = new
        {
            Llms = new object[] { new { Name = "main", Provider = "custom", Model = model, upstream.BaseUrl } },
            Limits = limits ?? new { },
        },
    });

    public static Task<GatewayProcess> StartAsync(ScriptedUpstream upstream, string model) =>
        GatewayProcess.StartAsync(new GatewaySettings { Config = For(upstream, model) });
}
