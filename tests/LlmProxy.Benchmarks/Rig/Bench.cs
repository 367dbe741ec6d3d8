using System.Globalization;
using System.Text;
using LlmProxy.Benchmarks.Contenders;
using LlmProxy.Benchmarks.Load;

namespace LlmProxy.Benchmarks.Rig;

/// <summary>The upstream, the contenders of this run, and what cells need beside them.</summary>
internal sealed class Bench : IAsyncDisposable
{
    private static readonly TimeSpan WarmUpTime = TimeSpan.FromSeconds(4);

    private readonly Workplace _place;
    private readonly ChildProcess _upstream;
    private readonly Dictionary<string, Contender> _contenders = [];

    private Bench(Workplace place, ChildProcess upstream, int upstreamPort)
    {
        _place = place;
        _upstream = upstream;
        UpstreamPort = upstreamPort;
        Starts = new ContenderStart(place, upstreamPort);
        Random = new Random(place.Options.Seed);
    }

    public BenchmarkOptions Options => _place.Options;

    public int UpstreamPort { get; }

    public int UpstreamProcess => _upstream.Id;

    public ContenderStart Starts { get; }

    /// <summary>Decides the order of contenders and the offsets of streams; seeded, so that a run can be repeated.</summary>
    public Random Random { get; }

    /// <summary>Why contenders that were asked for did not take part.</summary>
    public List<string> Absences { get; } = [];

    public static async Task<Bench> StartAsync(Workplace place, CancellationToken ct)
    {
        int port = FreePort.Next();
        Bench bench = new(place, place.StartRole("upstream", "upstream", port), port);
        Contender upstream = new("upstream", port, bench._upstream);
        await ContenderStart.WaitForAnswerAsync(upstream, ct);
        return bench;
    }

    /// <summary>The contenders asked for that are there; each is started once and serves all cells.</summary>
    public async Task<IReadOnlyList<Contender>> ContendersAsync(CancellationToken ct)
    {
        foreach (string name in Options.Arms)
        {
            await EnsureAsync(name, GatewaySize.Small, ct);
        }
        return [.. Options.Arms.Select(Existing).OfType<Contender>()];
    }

    /// <summary>One contender; null, with the reason noted, when it cannot take part.</summary>
    public async Task<Contender?> EnsureAsync(string name, GatewaySize size, CancellationToken ct)
    {
        string key = size.NameOf(name);
        if (_contenders.TryGetValue(key, out Contender? running))
        {
            return running;
        }
        if (IsAbsent(key))
        {
            return null;
        }
        try
        {
            if (await Starts.StartAsync(name, size, ct) is { } started)
            {
                Note($"{key} runs as process {started.ProcessId} on port {started.Port}");
                _contenders[key] = started;
                WarmUp(started);
                return started;
            }
            Absent(key, "not installed");
        }
        catch (ContenderException e)
        {
            Absent(key, e.Message);
        }
        return null;
    }

    /// <summary>Connections that the upstream has taken and calls that it has answered.</summary>
    public (long Connections, long Calls) UpstreamStatistics()
    {
        OneAnswer answer = OneAnswer.Ask(UpstreamPort, Encoding.ASCII.GetBytes($"GET {Roles.UpstreamRole.StatisticsPath} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
        string[] numbers = Encoding.ASCII.GetString(answer.Body).Split(' ');
        return (long.Parse(numbers[0], CultureInfo.InvariantCulture), long.Parse(numbers[1], CultureInfo.InvariantCulture));
    }

    /// <summary>Tells whoever watches the run; the tables go to standard output alone.</summary>
    public static void Note(string text) => Console.Error.WriteLine(text);

    public async ValueTask DisposeAsync()
    {
        foreach (Contender contender in _contenders.Values)
        {
            await contender.DisposeAsync();
        }
        await _upstream.DisposeAsync();
    }

    // .NET compiles a method again once it was used often: slow paced cells alone would never get it there.
    private void WarmUp(Contender contender)
    {
        foreach (byte[] request in new[] { BenchRequest.Hello, BenchRequest.Burst })
        {
            using SteadyLoad load = new(contender.Port, request, OneAnswer.Ask(UpstreamPort, request).AsExpectation, connections: 8, TimeSpan.Zero, Random);
            load.RunFor(WarmUpTime);
        }
    }

    private Contender? Existing(string name) => _contenders.GetValueOrDefault(name);

    private bool IsAbsent(string key) => Absences.Any(a => a.StartsWith(key + ":", StringComparison.Ordinal));

    private void Absent(string key, string why)
    {
        Absences.Add($"{key}: {why}");
        Note($"{key} does not take part: {why}");
    }
}
