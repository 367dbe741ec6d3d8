using System.Text.Json;
using LlmProxy.TestKit;

namespace LlmProxy.IntegrationTests;

/// <summary>One gateway with its vendors for all tests of a class.</summary>
public abstract class GatewayFixture : IAsyncLifetime
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public GatewayProcess Gateway { get; private set; } = null!;

    public HttpClient Client => Gateway.Client;

    public ScriptedUpstream Upstream { get; private set; } = null!;

    /// <summary>A second vendor, for those who need one to fall back to.</summary>
    public ScriptedUpstream Other { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Upstream = await ScriptedUpstream.StartAsync();
        Other = await ScriptedUpstream.StartAsync();
        Gateway = await GatewayProcess.StartAsync(Settings());
    }

    public async Task DisposeAsync()
    {
        if (Gateway is not null)
        {
            await Gateway.DisposeAsync();
        }

        await Upstream.DisposeAsync();
        await Other.DisposeAsync();
    }

    /// <summary>Wraps the section in the file's one root key.</summary>
    public static string Config(object section) => JsonSerializer.Serialize(new { LlmProxy = section }, Indented);

    protected abstract GatewaySettings Settings();
}
