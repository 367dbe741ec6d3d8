using LlmProxy.Benchmarks.Load;
using LlmProxy.Benchmarks.Rig;
using LlmProxy.Benchmarks.Roles;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>Streams that arrive at once: no waiting, so that only the work on each chunk is left.</summary>
internal sealed class BurstCell : CostCell
{
    private const int Connections = 8;

    public override string Name => "burst";

    public override string Title => "unpaced burst, 512 chunks a stream, 8 callers";

    protected override double Target => 3;

    protected override bool PerChunk => true;

    protected override byte[] Request => BenchRequest.Burst;

    public override LoadLoop CreateLoad(int port, Expectation expected, Random random) =>
        new SteadyLoad(port, Request, expected, Connections, TimeSpan.Zero, random);
}
