using System.Globalization;
using System.Runtime.InteropServices;
using LlmProxy.Benchmarks;
using LlmProxy.Benchmarks.Cells;
using LlmProxy.Benchmarks.Contenders;
using LlmProxy.Benchmarks.Report;
using LlmProxy.Benchmarks.Rig;
using LlmProxy.Benchmarks.Roles;
using LlmProxy.Benchmarks.Tokens;

static int Port(string text) => int.Parse(text, CultureInfo.InvariantCulture);

switch (args)
{
    case ["--role", "upstream", var port]:
        await UpstreamRole.RunAsync(Port(port));
        return 0;
    case ["--role", "yarp", var port, var upstream]:
        await YarpRole.RunAsync(Port(port), Port(upstream));
        return 0;
    case ["tokens"]:
        return TokenBench.Run();
    case ["--help"] or ["-h"]:
        Console.WriteLine(BenchmarkOptions.Help);
        return 0;
}
if (!OperatingSystem.IsLinux())
{
    Console.Error.WriteLine("The benchmark reads processor time from /proc: it runs on Linux only.");
    return 2;
}

BenchmarkOptions options;
try
{
    options = BenchmarkOptions.Parse(args);
}
catch (FormatException e)
{
    Console.Error.WriteLine($"{e.Message}\n\n{BenchmarkOptions.Help}");
    return 2;
}
if (!Repository.IsRelease)
{
    Console.Error.WriteLine("Built without optimisation: start it with -c Release, else the figures mean nothing.");
}

using CancellationTokenSource stop = new(options.Limit);
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true; // Children are ended in good order first.
    stop.Cancel();
}
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    using Workplace place = new(options);
    await using Bench bench = await Bench.StartAsync(place, stop.Token);
    return options.Only is null ? await MeasureAsync(bench, stop.Token) : await Profiling.RunAsync(bench, stop.Token);
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine($"Stopped before the end (asked to, or the limit of {options.Limit.TotalMinutes:0.#} minutes was reached).");
    return 1;
}

static async Task<int> MeasureAsync(Bench bench, CancellationToken ct)
{
    BenchmarkOptions options = bench.Options;
    Bench.Note($"Seed {options.Seed}, {options.Rounds} rounds, cells: {string.Join(", ", options.CellNames.DefaultIfEmpty("all"))}");
    List<CellResult> results = [];
    foreach (Cell cell in Catalogue.All.Where(c => options.CellNames.Count == 0 || options.CellNames.Contains(c.Name)))
    {
        try
        {
            results.Add(await cell.RunAsync(bench, ct));
        }
        catch (ContenderException e)
        {
            bench.Absences.Add($"{cell.Name}: {e.Message}");
            Bench.Note(bench.Absences[^1]);
        }
    }
    string tables = MarkdownReport.Write(results, options, TimeProvider.System.GetLocalNow());
    Console.WriteLine(tables);
    // nginx is a guest: a machine without it has measured all that it can.
    bool complete = bench.Absences.All(a => a.StartsWith("nginx: not installed", StringComparison.Ordinal));
    if (options.UpdateDocs && complete)
    {
        DocsPage.Update(Repository.DocsPath, tables);
        Bench.Note($"Written to {Repository.DocsPath}");
    }
    foreach (string absence in bench.Absences)
    {
        Console.Error.WriteLine($"Not measured: {absence}");
    }
    return complete ? 0 : 1;
}
