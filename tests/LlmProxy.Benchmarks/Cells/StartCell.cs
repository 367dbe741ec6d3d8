using System.Diagnostics;
using LlmProxy.Benchmarks.Contenders;
using LlmProxy.Benchmarks.Report;
using LlmProxy.Benchmarks.Rig;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>From the start of the process to the first right answer through it.</summary>
internal sealed class StartCell : Cell
{
    private const double TargetSeconds = 1;

    public override string Name => "start";

    public override string Title => "start to first answer";

    public override async Task<CellResult> RunAsync(Bench bench, CancellationToken ct)
    {
        Dictionary<string, List<double>> seconds = ContenderNames.All.ToDictionary(n => n, _ => new List<double>());
        string[] present = [.. (await bench.ContendersAsync(ct)).Select(c => c.Name)];
        for (int round = 1; round <= bench.Options.Rounds; round++)
        {
            bench.Random.Shuffle(present);
            foreach (string name in present)
            {
                ct.ThrowIfCancellationRequested();
                long started = Stopwatch.GetTimestamp();
                await using Contender? contender = bench.Starts.Launch(name, GatewaySize.Small);
                if (contender is not null)
                {
                    await ContenderStart.WaitForAnswerAsync(contender, ct);
                    seconds[name].Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
                }
            }
        }
        Quartiles Of(string name) => Quartiles.Of(seconds[name]);
        double gateway = Of(ContenderNames.Gateway).Median;
        double yarp = Of(ContenderNames.Yarp).Median;
        return new()
        {
            Name = Name,
            Title = Title,
            Relative = ContenderNames.All.ToDictionary(n => n, n => Quartiles.Of(seconds[n].Select(s => s / yarp)).Text("0.00")),
            Target = "< 1 s",
            Met = double.IsNaN(gateway) ? null : gateway < TargetSeconds,
            Unit = "s",
            Absolute = ContenderNames.All.ToDictionary(n => n, n => Of(n).Text("0.00")),
            Remarks = "fresh folder each time; files already in the page cache",
        };
    }
}
