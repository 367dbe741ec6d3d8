using LlmProxy.Accounting;

namespace LlmProxy.Caching;

/// <summary>One whole successful answer, as it went to the client that asked first.</summary>
internal sealed record CachedAnswer
{
    /// <summary>Owned by the cache: not a rented buffer.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    public required string ContentType { get; init; }

    public required string Provider { get; init; }

    /// <summary>The LLM's name.</summary>
    public required string Llm { get; init; }

    /// <summary>What the LLM was asked for.</summary>
    public required string DeploymentModel { get; init; }

    /// <summary>The LLM's own, when it answered: with another one it might answer otherwise now.</summary>
    public required UInt128 Fingerprint { get; init; }

    /// <summary>It was streamed: the body is its events.</summary>
    public bool IsStream { get; init; }

    /// <summary>The client of the stream asked for its usage.</summary>
    public bool TellsUsage { get; init; }

    public string? ReportedModel { get; init; }

    public TokenUsage? Usage { get; init; }

    /// <summary>The memory it takes, its share of the cache's own tables included.</summary>
    public long Weight => Body.Length + 512 + (2L * (ContentType.Length + DeploymentModel.Length + (ReportedModel?.Length ?? 0)));
}
