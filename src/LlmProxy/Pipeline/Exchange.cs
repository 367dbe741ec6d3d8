using LlmProxy.Endpoints;

namespace LlmProxy.Pipeline;

/// <summary>One call on its way through the gateway: the typed object that travels.</summary>
internal sealed class Exchange
{
    public required HttpContext Http { get; init; }

    public required EndpointKind Endpoint { get; init; }
}
