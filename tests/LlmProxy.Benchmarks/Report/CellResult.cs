namespace LlmProxy.Benchmarks.Report;

/// <summary>One cell's line in both tables; the dictionaries are keyed by contender.</summary>
internal sealed record CellResult
{
    public required string Name { get; init; }

    public required string Title { get; init; }

    /// <summary>How each contender stands to plain YARP.</summary>
    public required IReadOnlyDictionary<string, string> Relative { get; init; }

    public required string Target { get; init; }

    /// <summary>Whether the gateway meets the target; null when it was not measured.</summary>
    public required bool? Met { get; init; }

    public required string Unit { get; init; }

    public required IReadOnlyDictionary<string, string> Absolute { get; init; }

    /// <summary>What a reader of the line must know: rounds that count, windows that were void.</summary>
    public string Remarks { get; init; } = "";
}
