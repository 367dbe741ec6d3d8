using System.Globalization;
using LlmProxy.Benchmarks.Contenders;
using LlmProxy.Benchmarks.Load;
using LlmProxy.Benchmarks.Report;
using LlmProxy.Benchmarks.Rig;
using LlmProxy.Benchmarks.Roles;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>Memory that one open, nearly idle stream takes: a fresh process each time, nobody forces a collection.</summary>
internal sealed class MemoryCell : Cell
{
    private const double Target = 1.15;
    private const int MaxRounds = 5;
    private const int StreamsPerSecond = 500;

    // Longer than any run of the cell: no stream ends by itself.
    private static readonly byte[] Idle = BenchRequest.Small(new(AskedAnswer.Paced, 3600, 1000, Usage: false));
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    public override string Name => "memory";

    public override string Title => "memory per open stream, a chunk a second";

    public override async Task<CellResult> RunAsync(Bench bench, CancellationToken ct)
    {
        int streams = bench.Options.MemoryStreams;
        List<string> remarks = [$"{streams} streams"];
        List<Dictionary<string, double>> rounds = [];
        string[] present = [.. (await bench.ContendersAsync(ct)).Select(c => c.Name)];
        for (int round = 1; round <= Math.Min(MaxRounds, bench.Options.Rounds); round++)
        {
            Dictionary<string, double> kilobytes = [];
            bench.Random.Shuffle(present);
            foreach (string name in present)
            {
                ct.ThrowIfCancellationRequested();
                if (await MeasureAsync(bench, name, streams, remarks, ct) is { } measured)
                {
                    kilobytes[name] = measured;
                    Bench.Note(string.Create(CultureInfo.InvariantCulture, $"{Name} round {round} {name}: {measured:0.0} KB per stream"));
                }
            }
            rounds.Add(kilobytes);
        }
        Quartiles Ratio(string name) => Quartiles.Of(rounds
            .Where(r => r.ContainsKey(name) && r.ContainsKey(ContenderNames.Yarp)).Select(r => r[name] / r[ContenderNames.Yarp]));
        Quartiles Absolute(string name) => Quartiles.Of(rounds.Where(r => r.ContainsKey(name)).Select(r => r[name]));
        double gateway = Ratio(ContenderNames.Gateway).Median;
        return new()
        {
            Name = Name,
            Title = Title,
            Relative = ContenderNames.All.ToDictionary(n => n, n => Ratio(n).Text("0.00")),
            Target = string.Create(CultureInfo.InvariantCulture, $"≤ {Target}"),
            Met = double.IsNaN(gateway) ? null : gateway <= Target,
            Unit = "KB of resident memory per stream",
            Absolute = ContenderNames.All.ToDictionary(n => n, n => Absolute(n).Text("0.0")),
            Remarks = string.Join("; ", remarks),
        };
    }

    private async Task<double?> MeasureAsync(Bench bench, string name, int streams, List<string> remarks, CancellationToken ct)
    {
        await using Contender? contender = await bench.Starts.StartAsync(name, GatewaySize.Small, ct);
        if (contender is null)
        {
            return null;
        }
        // Code that the first streams load would be counted as theirs.
        using (SteadyLoad warm = new(contender.Port, BenchRequest.Hello, PlainExpectation(bench), PlainCell.Connections, TimeSpan.Zero, bench.Random))
        {
            warm.RunFor(WarmUp);
        }
        using (SteadyLoad warm = Streams(bench, contender, PlainCell.Connections, WarmUp))
        {
            warm.RunFor(WarmUp * 2);
        }
        long before = contender.ResidentBytes();
        TimeSpan opening = TimeSpan.FromSeconds((double)streams / StreamsPerSecond);
        using SteadyLoad load = Streams(bench, contender, streams, opening);
        load.RunFor(opening + Hold);
        long loaded = contender.ResidentBytes();
        if (load.Errors > 0 || load.WithContent != streams)
        {
            string fault = $"{name} held {load.WithContent} streams, {load.Errors} errors ({load.FirstError ?? "none"})";
            remarks.Add(fault);
            Bench.Note($"{Name}: {fault}");
            return null;
        }
        return (loaded - before) / 1024.0 / streams;
    }

    private static SteadyLoad Streams(Bench bench, Contender contender, int streams, TimeSpan opening) =>
        new(contender.Port, Idle, default, streams, opening, bench.Random);

    private static Expectation PlainExpectation(Bench bench) => OneAnswer.Ask(bench.UpstreamPort, BenchRequest.Hello).AsExpectation;
}
