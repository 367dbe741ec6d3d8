using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;

namespace LlmProxy.Providers.Dummy;

/// <summary>The built-in provider: no network, no model, an honest answer that says so. For trying things out, and for load.</summary>
internal sealed class DummyProvider : OpenAiDialectProvider
{
    public override ProviderCard Card { get; } = new()
    {
        Name = "dummy",

        // Never looked up: DummyHandler stands where the network would be.
        DefaultBaseUrl = "http://dummy.invalid/v1",
        AuthKeys = AuthNames.None,
        KeyIsOptional = true,
        Endpoints = [.. EndpointKind.OfOpenAi],
        SettingKeys = DummySettings.Keys,
    };

    public override IEnumerable<string> Check(LlmOptions llm)
    {
        var problems = new List<string>(base.Check(llm));
        DummySettings.Read(llm.Config, problems);
        return problems;
    }

    /// <summary>Nothing leaves the house for the dummy, whatever is written.</summary>
    public override string NormalizeBase(string configured, LlmOptions llm) => Card.DefaultBaseUrl!;

    public override ValueTask AuthorizeAsync(HttpRequestMessage request, LlmOptions llm, CancellationToken cancellation) => ValueTask.CompletedTask;
}
