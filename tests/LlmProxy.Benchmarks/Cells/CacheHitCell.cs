using LlmProxy.Benchmarks.Contenders;
using LlmProxy.Benchmarks.Load;
using LlmProxy.Benchmarks.Report;
using LlmProxy.Benchmarks.Rig;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>The gateway that has the answer already, against plain YARP that fetches it.</summary>
internal sealed class CacheHitCell : CostCell
{
    private static readonly string Caching = GatewaySize.Caching.NameOf(ContenderNames.Gateway);

    public override string Name => "hit";

    public override string Title => "plain call answered from the cache, 8 callers";

    protected override double Target => 0.8;

    protected override string Judged => Caching;

    protected override byte[] Request => BenchRequest.Hello;

    // The upstream is asked once, so that no connection to it could be kept.
    protected override bool ReusesConnections => false;

    public override LoadLoop CreateLoad(int port, Expectation expected, Random random) =>
        new SteadyLoad(port, Request, expected, PlainCell.Connections, TimeSpan.Zero, random);

    public override async Task<CellResult> RunAsync(Bench bench, CancellationToken ct)
    {
        CellResult result = await base.RunAsync(bench, ct);
        (_, long before) = bench.UpstreamStatistics();
        if (await CachingAsync(bench, ct) is { } caching)
        {
            _ = OneAnswer.Ask(caching.Port, Request);
            if (bench.UpstreamStatistics().Calls != before)
            {
                throw new ContenderException("the gateway asked upstream for an answer that it should know");
            }
        }

        return result;
    }

    protected override async Task<IReadOnlyList<Contender>> ContendersAsync(Bench bench, CancellationToken ct) =>
        [.. (await base.ContendersAsync(bench, ct)).Where(contender => contender.Name != ContenderNames.Gateway), .. await CachingAsync(bench, ct) is { } caching ? [caching] : Array.Empty<Contender>()];

    private static async Task<Contender?> CachingAsync(Bench bench, CancellationToken ct) =>
        bench.Options.Arms.Contains(ContenderNames.Gateway) ? await bench.EnsureAsync(ContenderNames.Gateway, GatewaySize.Caching, ct) : null;
}
