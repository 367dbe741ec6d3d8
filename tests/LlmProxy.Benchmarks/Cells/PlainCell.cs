using LlmProxy.Benchmarks.Load;
using LlmProxy.Benchmarks.Rig;
using LlmProxy.Benchmarks.Roles;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>A plain call of everyday size.</summary>
internal sealed class PlainCell : CostCell
{
    public const int Connections = 8;

    public override string Name => "plain";

    public override string Title => "plain call, 0.9 KB → 1.3 KB, 8 callers";

    protected override double Target => 1.3;

    protected override byte[] Request => BenchRequest.Hello;

    public override LoadLoop CreateLoad(int port, Expectation expected, Random random) =>
        new SteadyLoad(port, Request, expected, Connections, TimeSpan.Zero, random);
}
