namespace LlmProxy.Configuration;

/// <summary>The names of the ways to order LLMs.</summary>
internal static class Strategies
{
    public const string Priority = "priority";
    public const string Weighted = "weighted";

    public static string[] All { get; } =
        [Priority, "balanced", "cost_optimized", "latency_optimized", "quality_optimized", "local_first", "capability_match", Weighted];

    public static bool IsKnown(string written) => All.Contains(Normalize(written));

    public static string Normalize(string written) => written.Trim().Replace('-', '_').ToLowerInvariant();
}
