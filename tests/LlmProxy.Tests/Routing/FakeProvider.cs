using System.Collections.Frozen;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;
using LlmProxy.Providers;
using LlmProxy.Routing;

namespace LlmProxy.Tests.Routing;

/// <summary>A vendor that is only a name: routing never speaks to one.</summary>
internal sealed class FakeProvider(string name, bool isLocal = false) : IProvider
{
    public ProviderCard Card { get; } = new()
    {
        Name = name,
        AuthKeys = FrozenSet<string>.Empty,
        IsLocal = isLocal,
        Endpoints = EndpointKind.OfOpenAi.Where(e => e != EndpointKind.Rerank).ToFrozenSet(),
    };

    public static Deployment Llm(string name, string provider, string model, int priority = 100, bool isLocal = false, Action<LlmOptions>? change = null, string? unavailable = null, bool isImplied = false)
    {
        var options = new LlmOptions { Name = name, Provider = provider, Model = model, Priority = priority };
        change?.Invoke(options);
        return new Deployment(options, new FakeProvider(provider, isLocal), new LlmState(provider, name, TimeProvider.System)) { Unavailable = unavailable, IsImplied = isImplied };
    }

    public IEnumerable<string> Check(LlmOptions llm) => [];

    public string NormalizeBase(string configured, LlmOptions llm) => configured;

    public Uri ProbeAddress(string baseAddress) => throw new NotSupportedException();

    public ValueTask AuthorizeAsync(HttpRequestMessage request, Deployment deployment, CancellationToken cancellation) => throw new NotSupportedException();

    public VendorCall Open(Exchange exchange, RouteTarget target, AttemptFacts facts) => throw new NotSupportedException();

    public VendorFailure ReadFailure(int status, HttpResponseMessage response, ReadOnlySpan<byte> body, Deployment deployment) => throw new NotSupportedException();
}
