using LlmProxy.Benchmarks.Contenders;
using LlmProxy.Benchmarks.Load;
using LlmProxy.Benchmarks.Report;
using LlmProxy.Benchmarks.Rig;

namespace LlmProxy.Benchmarks.Cells;

/// <summary>A cell that puts the same load on each contender in turn: check, warm up, then rounds in shuffled order.</summary>
internal abstract class LoadCell : Cell
{
    protected abstract byte[] Request { get; }

    /// <summary>How long one measured window is.</summary>
    protected virtual TimeSpan Length => TimeSpan.FromSeconds(4);

    /// <summary>How long the load runs before each window.</summary>
    protected virtual TimeSpan Ramp => TimeSpan.FromSeconds(0.5);

    // .NET compiles hot code again with what it has learnt: a contender must have done its work for a while.
    protected virtual TimeSpan WarmUp => TimeSpan.FromSeconds(5);

    /// <summary>Says whether each call should find a kept-alive connection on both legs.</summary>
    protected virtual bool ReusesConnections => true;

    public override async Task<CellResult> RunAsync(Bench bench, CancellationToken ct)
    {
        OneAnswer direct = AskUpstream(bench);
        List<Contender> fair = [];
        List<string> remarks = [];
        foreach (Contender contender in await ContendersAsync(bench, ct))
        {
            if (await UnfairAsync(bench, contender, direct, ct) is not { } unfair)
            {
                fair.Add(contender);
                continue;
            }
            remarks.Add($"{contender.Name} left out: {unfair}");
            bench.Absences.Add($"{contender.Name} in {Name}: {unfair}");
            Bench.Note($"{Name}: {contender.Name} left out: {unfair}");
        }
        MeasuredRounds rounds = new();
        for (int round = 1; round <= bench.Options.Rounds; round++)
        {
            rounds.Add(await RunRoundAsync(bench, fair, direct, round, ct));
        }
        CellResult result = Judge(rounds);
        return result with { Remarks = string.Join("; ", [rounds.Remarks(), .. remarks]) };
    }

    /// <summary>Makes the load for one contender.</summary>
    public abstract LoadLoop CreateLoad(int port, Expectation expected, Random random);

    /// <summary>Loads one contender for a while and says what it used; for a profiler to look on.</summary>
    public async Task<Window> LoadOnlyAsync(Bench bench, Contender contender, TimeSpan time, CancellationToken ct)
    {
        Expectation expected = ExpectationFor(contender.Name, AskUpstream(bench));
        LoadLoop load = CreateLoad(contender.Port, expected, bench.Random);
        return await Window.MeasureAsync(contender, load, WarmUp, time, bench.UpstreamProcess, ct);
    }

    protected virtual Task<IReadOnlyList<Contender>> ContendersAsync(Bench bench, CancellationToken ct) => bench.ContendersAsync(ct);

    protected abstract CellResult Judge(MeasuredRounds rounds);

    /// <summary>What a contender must answer, given what the upstream itself does.</summary>
    protected virtual Expectation ExpectationFor(string contender, OneAnswer direct) => direct.AsExpectation;

    protected virtual string? DifferenceOf(string contender, OneAnswer answer, OneAnswer direct) => answer.DifferenceFrom(direct);

    private OneAnswer AskUpstream(Bench bench)
    {
        OneAnswer direct = OneAnswer.Ask(bench.UpstreamPort, Request);
        return direct.Wrong is null ? direct : throw new ContenderException($"the upstream itself gave no right answer: {direct.Wrong}");
    }

    /// <summary>Compares the contender's answer with the upstream's own, warms it up, and looks whether it keeps connections.</summary>
    private async Task<string?> UnfairAsync(Bench bench, Contender contender, OneAnswer direct, CancellationToken ct)
    {
        if (DifferenceOf(contender.Name, OneAnswer.Ask(contender.Port, Request), direct) is { } difference)
        {
            return difference;
        }
        (long connections, long calls) = bench.UpstreamStatistics();
        LoadLoop load = CreateLoad(contender.Port, ExpectationFor(contender.Name, direct), bench.Random);
        Window warm = await Window.MeasureAsync(contender, load, TimeSpan.Zero, WarmUp, bench.UpstreamProcess, ct);
        if (warm.Fault is { } fault)
        {
            return fault;
        }
        (long connectionsAfter, long callsAfter) = bench.UpstreamStatistics();
        // What one connection more in a hundred calls costs is lost in the noise; some open at the beginning.
        return ReusesConnections && connectionsAfter - connections > 100 + (callsAfter - calls) / 100
            ? $"{connectionsAfter - connections} connections for {callsAfter - calls} calls"
            : null;
    }

    private async Task<Dictionary<string, MeasuredWindow>> RunRoundAsync(
        Bench bench, List<Contender> contenders, OneAnswer direct, int number, CancellationToken ct)
    {
        Dictionary<string, MeasuredWindow> round = [];
        Contender[] order = [.. contenders];
        bench.Random.Shuffle(order);
        foreach (Contender contender in order)
        {
            ct.ThrowIfCancellationRequested();
            LoadLoop load = CreateLoad(contender.Port, ExpectationFor(contender.Name, direct), bench.Random);
            load.FirstContent = new LatencyRecorder();
            load.Transit = new LatencyRecorder();
            Window window = await Window.MeasureAsync(
                contender, load, Ramp, bench.Options.Window ?? Length, bench.UpstreamProcess, ct);
            round[contender.Name] = new(window, load.FirstContent, load.Transit);
            Bench.Note($"{Name} round {number} {contender.Name}: {window.Describe()}");
        }
        return round;
    }
}
