namespace LlmProxy.IntegrationTests.Faults;

/// <summary>An LLM of two replicas, one of which has the fault that the other does not share.</summary>
internal sealed record Pair(Fault Fault, bool Stream)
{
    private static readonly string[] ReplicasOwn = ["provider_unreachable", "provider_error", "provider_timeout", "invalid_provider_response"];

    public static IReadOnlyList<Pair> All { get; } =
    [
        .. FaultList.All.SelectMany(fault => new[] { new Pair(fault, false), new Pair(fault, true) })
            .Where(pair => pair.Fault.For(pair.Stream) is { Fate: Fate.PassedOn } ending && ReplicasOwn.Contains(ending.Code)),
    ];

    public string Llm { get; } = "pair-" + Cell.Id(Fault, Stream);

    public override string ToString() => $"{(Stream ? "stream" : "plain")}: {Fault.Name}";
}
