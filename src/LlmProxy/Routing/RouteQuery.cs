using LlmProxy.Access;
using LlmProxy.Configuration;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;

namespace LlmProxy.Routing;

/// <summary>What a plan is asked for: who calls, for what, with which wishes, and the request's own text.</summary>
internal readonly struct RouteQuery(GatewaySnapshot snapshot, Caller caller, EndpointKind endpoint, string? model, Wishes wishes)
{
    public GatewaySnapshot Snapshot { get; } = snapshot;

    public Caller Caller { get; } = caller;

    public EndpointKind Endpoint { get; } = endpoint;

    /// <summary>What the client asked for; null when it named nothing.</summary>
    public string? Model { get; } = model;

    public Wishes Wishes { get; } = wishes;

    /// <summary>Null where there is no JSON request: then it is taken to need nothing.</summary>
    public RequestPeek? Peek { get; init; }

    public ReadOnlyMemory<byte> Body { get; init; }

    public TimeProvider? Time { get; init; }

    /// <summary>Where weighted draws and probing calls come from.</summary>
    public Random? Random { get; init; }

    /// <summary>Nobody will be called: no probing call is used up.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>Writes down how the plan comes about; null for nearly all calls.</summary>
    public RouteTrace? Trace { get; init; }

    public static RouteQuery Of(Exchange exchange, RouteTrace? trace) =>
        new(exchange.Snapshot, exchange.Caller, exchange.Endpoint, exchange.RequestedModel, exchange.Wishes)
        {
            Peek = exchange.Peek,
            Body = exchange.Body?.Bytes ?? default,
            Time = exchange.Time,
            Trace = trace,
        };
}
