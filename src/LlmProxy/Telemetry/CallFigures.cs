using LlmProxy.Accounting;
using LlmProxy.Endpoints;
using LlmProxy.Pipeline;

namespace LlmProxy.Telemetry;

/// <summary>What the metrics want to know about one call when it has ended.</summary>
internal readonly record struct CallFigures
{
    public required int Status { get; init; }

    public required TimeSpan Duration { get; init; }

    public EndpointKind? Endpoint { get; init; }

    /// <summary>What the call took beyond the vendor's time; null when no LLM was asked.</summary>
    public TimeSpan? Overhead { get; init; }

    /// <summary>Until the first output of a stream.</summary>
    public TimeSpan? FirstToken { get; init; }

    /// <summary>Set when the call went through the queue.</summary>
    public TimeSpan? Queued { get; init; }

    public ErrorCode? Error { get; init; }

    /// <summary>What the LLM that the call ended on has used.</summary>
    public TokenUsage Usage { get; init; }

    /// <summary>What that LLM charges for it; null when its price is unknown.</summary>
    public decimal? CostUsd { get; init; }

    /// <summary>Null: the caller belongs to none.</summary>
    public string? Workspace { get; init; }
}
