using LlmProxy.Benchmarks.Contenders;
using LlmProxy.Benchmarks.Load;
using LlmProxy.Benchmarks.Report;
using LlmProxy.Benchmarks.Rig;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>The gateway with much configured against itself with little.</summary>
internal sealed class ManyKeysCell : LoadCell
{
    private const double Target = 1.05;
    private static readonly string Large = GatewaySize.Large.NameOf(ContenderNames.Gateway);

    public override string Name => "keys";

    public override string Title => "10,000 keys and 1,000 LLMs, plain call of a named model, against 1 and 1";

    protected override byte[] Request => BenchRequest.Hello;

    public override LoadLoop CreateLoad(int port, Expectation expected, Random random) =>
        new SteadyLoad(port, Request, expected, PlainCell.Connections, TimeSpan.Zero, random);

    protected override async Task<IReadOnlyList<Contender>> ContendersAsync(Bench bench, CancellationToken ct)
    {
        if (!bench.Options.Arms.Contains(ContenderNames.Gateway)
            || await bench.EnsureAsync(ContenderNames.Gateway, GatewaySize.Small, ct) is not { } small
            || await bench.EnsureAsync(ContenderNames.Gateway, GatewaySize.Large, ct) is not { } large)
        {
            return [];
        }
        return [small, large];
    }

    protected override CellResult Judge(MeasuredRounds rounds)
    {
        static double Cost(MeasuredWindow w) => w.Window.MicrosecondsPerCall;
        Quartiles ratio = rounds.Compare(Large, ContenderNames.Gateway, (large, small) => Cost(large) / Cost(small));
        Dictionary<string, string> relative = ContenderNames.All.ToDictionary(n => n, _ => "–");
        Dictionary<string, string> absolute = new(relative);
        relative[ContenderNames.Gateway] = ratio.Text("0.00");
        absolute[ContenderNames.Gateway] = double.IsNaN(ratio.Median) ? "–" : $"{rounds.Of(Large, Cost).Text("0.0")} against {rounds.Of(ContenderNames.Gateway, Cost).Text("0.0")}";
        return new()
        {
            Name = Name,
            Title = Title,
            Relative = relative,
            Target = "≤ 1.05",
            Met = double.IsNaN(ratio.Median) ? null : ratio.Median <= Target,
            Unit = "µs of processor time per call",
            Absolute = absolute,
        };
    }
}
