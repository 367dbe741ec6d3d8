using System.Text.Json.Nodes;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>Gateways that know of their LLMs by variables alone.</summary>
internal static class EnvironmentCalls
{
    public static Task<GatewayProcess> StartAsync(string dotEnv) => GatewayProcess.StartAsync(new GatewaySettings { DotEnv = dotEnv });

    public static async Task<List<string>> ModelsAsync(GatewayProcess gateway) =>
        [.. (await gateway.Client.FetchAsync("/v1/models")).Json["data"]!.AsArray().Select(m => m!["id"]!.ToString())];
}
