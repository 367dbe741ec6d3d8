using System.Globalization;
using LlmProxy.Benchmarks.Cells;
using LlmProxy.Benchmarks.Contenders;
using LlmProxy.Benchmarks.Rig;

namespace LlmProxy.Benchmarks;

/// <summary>Just loads one contender for a while, so that a sampling tool can look at its process.</summary>
internal static class Profiling
{
    public static async Task<int> RunAsync(Bench bench, CancellationToken ct)
    {
        BenchmarkOptions options = bench.Options;
        if (Catalogue.All.FirstOrDefault(c => c.Name == options.Only) is not LoadCell cell)
        {
            Bench.Note($"{options.Only} puts no steady load on a contender");
            return 2;
        }
        if (await bench.EnsureAsync(options.ProfiledContender, GatewaySize.Small, ct) is not { } contender)
        {
            return 1;
        }
        Bench.Note(string.Create(CultureInfo.InvariantCulture, $"Look at process {contender.ProcessId}: warming up, then {options.Seconds.TotalSeconds:0} s under load"));
        Window window = await cell.LoadOnlyAsync(bench, contender, options.Seconds, ct);
        string perUnit = window.Frames > 0
            ? string.Create(CultureInfo.InvariantCulture, $"{window.MicrosecondsPerFrame:0.00} µs per chunk")
            : string.Create(CultureInfo.InvariantCulture, $"{window.MicrosecondsPerCall:0.0} µs per call");
        Console.WriteLine($"{contender.Name}, {cell.Name}: {perUnit} ({window.Describe()})");
        return window.Fault is null ? 0 : 1;
    }
}
