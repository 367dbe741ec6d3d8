using System.Globalization;
using LlmProxy.Benchmarks.Contenders;
using LlmProxy.Benchmarks.Load;
using LlmProxy.Benchmarks.Report;
using LlmProxy.Benchmarks.Rig;
using LlmProxy.Benchmarks.Roles;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>Streams as people read them: a hundred open, a chunk every 20 ms each, never in step.</summary>
internal sealed class PacedStreamCell : CostCell
{
    private const int Streams = 100;

    // Five seconds a stream, so that beginnings and ends are a small part, as in life.
    private const int Chunks = 250;
    private const int EveryMs = 20;

    public override string Name => "stream";

    public override string Title => "paced stream, 100 open, a chunk every 20 ms";

    protected override double Target => 1.0;

    protected override bool PerChunk => true;

    protected override TimeSpan Length => TimeSpan.FromSeconds(8);

    protected override TimeSpan Ramp => TimeSpan.FromSeconds(1.5);

    protected override bool ReusesConnections => false; // A load that stops leaves its streams, and with them their connections.

    protected override byte[] Request { get; } = BenchRequest.Small(new(AskedAnswer.Paced, Chunks, EveryMs, Usage: false));

    public override LoadLoop CreateLoad(int port, Expectation expected, Random random) =>
        new SteadyLoad(port, Request, expected, Streams, TimeSpan.FromSeconds(1), random);

    protected override CellResult Judge(MeasuredRounds rounds)
    {
        CellResult result = base.Judge(rounds);
        // A contender that held chunks back to save work would show here.
        string Transit(string name) =>
            $"p50 {Of(name, 0.5)}, p99 {Of(name, 0.99)}";
        string Of(string name, double share) =>
            rounds.Of(name, w => w.Transit.Percentile(share)).Median.ToString("0.00", CultureInfo.InvariantCulture);
        return result with
        {
            Unit = result.Unit + "; ms from upstream to client",
            Absolute = ContenderNames.All.ToDictionary(
                n => n, n => result.Absolute[n] == "–" ? "–" : $"{result.Absolute[n]}; {Transit(n)}"),
        };
    }
}
