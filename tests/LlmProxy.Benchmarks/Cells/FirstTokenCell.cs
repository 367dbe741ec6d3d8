using System.Globalization;
using LlmProxy.Benchmarks.Contenders;
using LlmProxy.Benchmarks.Load;
using LlmProxy.Benchmarks.Report;
using LlmProxy.Benchmarks.Rig;
using LlmProxy.Benchmarks.Roles;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>How much later the first token comes: streams start by the clock while about a hundred are open.</summary>
internal sealed class FirstTokenCell : LoadCell
{
    private const int Open = 100;
    private const int Chunks = 20;
    private const int EveryMs = 20;
    private const double AddedMs = 0.5;
    private const double TailRatio = 2;

    public override string Name => "ttft";

    public override string Title => "time to first token, about 100 streams open, p50 / p99";

    protected override TimeSpan Length => TimeSpan.FromSeconds(8);

    protected override TimeSpan Ramp => TimeSpan.FromSeconds(1);

    protected override bool ReusesConnections => false;

    protected override byte[] Request { get; } = BenchRequest.Small(new(AskedAnswer.Paced, Chunks, EveryMs, Usage: false));

    public override LoadLoop CreateLoad(int port, Expectation expected, Random random) =>
        new ScheduledLoad(port, Request, expected, Open * 1000.0 / (Chunks * EveryMs), random);

    protected override CellResult Judge(MeasuredRounds rounds)
    {
        static double P50(MeasuredWindow w) => w.FirstContent.Percentile(0.5);
        static double P99(MeasuredWindow w) => w.FirstContent.Percentile(0.99);
        Quartiles Added(string name) => rounds.Compare(name, ContenderNames.Yarp, (one, yarp) => P50(one) - P50(yarp));
        Quartiles Tail(string name) => rounds.Compare(name, ContenderNames.Yarp, (one, yarp) => P99(one) / P99(yarp));
        string Relative(string name) => double.IsNaN(Tail(name).Median) ? "–" : $"{Added(name).Text("+0.00;-0.00")} ms / {Tail(name).Text("0.00")}×";
        string Absolute(string name) => double.IsNaN(rounds.Of(name, P50).Median) ? "–" : string.Create(CultureInfo.InvariantCulture,
            $"p50 {rounds.Of(name, P50).Median:0.00}, p99 {rounds.Of(name, P99).Median:0.00}");
        double added = Added(ContenderNames.Gateway).Median;
        return new()
        {
            Name = Name,
            Title = Title,
            Relative = ContenderNames.All.ToDictionary(n => n, Relative),
            Target = string.Create(CultureInfo.InvariantCulture, $"≤ +{AddedMs} ms / ≤ {TailRatio}×"),
            Met = double.IsNaN(added) ? null : added <= AddedMs && Tail(ContenderNames.Gateway).Median <= TailRatio,
            Unit = "ms from request to first content",
            Absolute = ContenderNames.All.ToDictionary(n => n, Absolute),
        };
    }
}
