using LlmProxy.Benchmarks.Load;
using LlmProxy.Benchmarks.Rig;
using LlmProxy.Benchmarks.Roles;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>A plain call that carries a long agent conversation.</summary>
internal sealed class LargeBodyCell : CostCell
{
    private const int Connections = 4;

    public override string Name => "plain400k";

    public override string Title => "plain call, 400 KB body of 400 messages, 4 callers";

    protected override double Target => 1.5;

    protected override byte[] Request { get; } = BenchRequest.Large(new(AskedAnswer.Plain, 0, 0, Usage: false));

    public override LoadLoop CreateLoad(int port, Expectation expected, Random random) =>
        new SteadyLoad(port, Request, expected, Connections, TimeSpan.Zero, random);
}
