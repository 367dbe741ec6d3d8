using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests.Contract;

/// <summary>One gateway over all vendors of the suite, each on an address of its own.</summary>
public sealed class ContractFixture : IAsyncLifetime
{
    private static readonly VendorScript[] Scripts =
    [
        new AnthropicScript(), new BedrockScript(), new GeminiScript(), new VertexScript(), new OllamaScript(),
        .. new[] { "openai", "azure", "mistral", "together", "fireworks", "vllm", "litellm", "custom" }.Select(provider => new OpenAiScript(provider)),
    ];

    private readonly Dictionary<string, ScriptedUpstream> _upstreams = [];

    public static IEnumerable<string> VendorNames => Scripts.Select(s => s.Provider);

    public static TheoryData<string> Vendors => [.. VendorNames];

    public GatewayProcess Gateway { get; private set; } = null!;

    public static VendorScript Script(string vendor) => Scripts.Single(s => s.Provider == vendor);

    public ScriptedUpstream Upstream(string vendor) => _upstreams[vendor];

    public async Task InitializeAsync()
    {
        foreach (VendorScript script in Scripts)
        {
            _upstreams[script.Provider] = await ScriptedUpstream.StartAsync();
            _upstreams[script.Provider].Always(script.Says(Saying.Words));
        }

        Gateway = await GatewayProcess.StartAsync(new GatewaySettings
        {
            Config = GatewayFixture.Config(new
            {
                Resilience = new { MaxRetries = 0, BreakerFailures = 10_000 }, // What each case shows is no matter of how many failed before.
                Llms = Scripts.Select(s => new { Name = "on-" + s.Provider, s.Provider, s.Model, BaseUrl = s.BaseUrl(_upstreams[s.Provider].Address), s.Auth }).ToArray(),
            }),
        });
    }

    public async Task DisposeAsync()
    {
        if (Gateway is not null)
        {
            await Gateway.DisposeAsync();
        }

        foreach (ScriptedUpstream upstream in _upstreams.Values)
        {
            await upstream.DisposeAsync();
        }
    }
}
