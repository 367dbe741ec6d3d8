using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using LlmProxy.TestKit;

namespace LlmProxy.Drills.Resilience;

/// <summary>
/// 200 calls a second over three upstreams, one of which takes requests and says nothing, though its health checks still
/// pass, as with an engine that is stuck behind its web server: what do the calls feel that do not meet it, how many meet
/// it, and how soon is it back after healing? Once as three LLMs of a weighted chain, once as three replicas of one LLM.
/// </summary>
internal sealed class HungUpstream : IAsyncDisposable
{
    private const int CallsPerSecond = 200;
    private const int Rounds = 5;
    private const int TimeoutSeconds = 1;
    private const int BreakerFailures = 5;
    private const int BreakerSeconds = 3;
    private const double MostRatio = 2;
    private static readonly TimeSpan Run = TimeSpan.FromSeconds(8);

    /// <summary>The rule looks at the last seconds: at worst all that went well before the hang has to have left them.</summary>
    private static readonly TimeSpan MostUntilOut = TimeSpan.FromSeconds(BreakerSeconds + TimeoutSeconds);

    /// <summary>A probe that began before the healing has to end, then the rest; a busy machine gets a second.</summary>
    private static readonly TimeSpan MostUntilBack = TimeSpan.FromSeconds(BreakerSeconds + TimeoutSeconds + 1);

    private readonly ScriptedUpstream[] _upstreams;
    private readonly GatewayProcess _gateway;
    private readonly HttpClient _client;
    private readonly OpenLoop _load;

    private HungUpstream(ScriptedUpstream[] upstreams, GatewayProcess gateway)
    {
        _upstreams = upstreams;
        _gateway = gateway;
        _client = gateway.NewClient();
        _load = new OpenLoop(_client, "spread", CallsPerSecond);
    }

    private ScriptedUpstream Hung => _upstreams[2];

    /// <param name="only">"chain" or "replicas"; both when empty.</param>
    public static async Task<bool> RunAsync(string only)
    {
        bool chain = only == "replicas" || await RunAsync("three LLMs of a weighted chain", asReplicas: false);
        bool replicas = only == "chain" || await RunAsync("three replicas of one LLM", asReplicas: true);
        return chain && replicas;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
        foreach (ScriptedUpstream upstream in _upstreams)
        {
            await upstream.DisposeAsync();
        }
    }

    private static async Task<bool> RunAsync(string title, bool asReplicas)
    {
        Console.WriteLine($"-- {title}, {CallsPerSecond} calls/s, half of them streams, time-out {TimeoutSeconds} s, breaker {BreakerFailures} in {BreakerSeconds} s");
        ScriptedUpstream[] upstreams = [await StartAsync(), await StartAsync(), await StartAsync()];
        GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings { Config = Configuration(upstreams, asReplicas) });
        await using var drill = new HungUpstream(upstreams, gateway);
        await drill.WarmUpAsync();
        List<Round> rounds = [];
        for (int i = 1; i <= Rounds; i++)
        {
            rounds.Add(await drill.RoundAsync(i));
        }

        return Judge(rounds);
    }

    /// <summary>The first calls of a fresh process compile code; on a busy machine they may even open a breaker, which has to close again.</summary>
    private async Task WarmUpAsync()
    {
        for (int i = 0; i < 10; i++)
        {
            List<LoadCall> calls = await _load.RunAsync(TimeSpan.FromSeconds(2));
            if (i > 0 && calls.TrueForAll(c => c.Failure is null))
            {
                return;
            }
        }
    }

    private static bool Judge(List<Round> rounds)
    {
        double ratio = Figures.Percentile([.. rounds.Select(r => r.Ratio)], 50);
        double gone = rounds.Max(r => r.SecondsUntilOut);
        double back = rounds.Max(r => r.SecondsUntilBack);
        int failed = rounds.Sum(r => r.Failed);
        bool passed = ratio <= MostRatio && gone <= MostUntilOut.TotalSeconds && back <= MostUntilBack.TotalSeconds && failed == 0;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"   p99 of the others, hang / no hang: median {ratio:0.00} (<= {MostRatio}); out within {gone:0.0} s (<= {MostUntilOut.TotalSeconds:0.0}); back within {back:0.0} s (<= {MostUntilBack.TotalSeconds:0.0}); failed calls {failed}: {(passed ? "passed" : "FAILED")}"));
        return passed;
    }

    private async Task<Round> RoundAsync(int number)
    {
        List<LoadCall> calm = await _load.RunAsync(Run);

        Hung.Otherwise(Answers.HangBeforeHeaders);
        long hangs = Stopwatch.GetTimestamp();
        List<LoadCall> hanging = await _load.RunAsync(Run);
        List<double> asked = [.. Hung.Calls.Where(c => c.ArrivedAt >= hangs).Select(c => Stopwatch.GetElapsedTime(hangs, c.ArrivedAt).TotalSeconds).Order()];

        Hung.Otherwise(WellAsync);
        int line = _gateway.Logs.Count;
        long heals = Stopwatch.GetTimestamp();
        List<LoadCall> healing = await _load.RunAsync(MostUntilBack + TimeSpan.FromSeconds(1));
        double[] back = [.. Hung.Calls.Where(c => c.ArrivedAt >= heals).Select(c => Stopwatch.GetElapsedTime(heals, c.ArrivedAt).TotalSeconds).Order()];

        List<double> others = [.. hanging.Where(c => c is { Attempts: 1, Failure: null }).Select(c => c.Ms)];
        List<double> met = [.. hanging.Where(c => c.Attempts > 1).Select(c => c.Ms)];
        double before = Figures.Percentile([.. calm.Select(c => c.Ms)], 99);
        double during = Figures.Percentile(others, 99);
        string[] failures = [.. calm.Concat(hanging).Concat(healing).Select(c => c.Failure).OfType<string>()];
        var round = new Round(during / before, UntilOut(asked), back.Length > 5 ? back[5] : double.PositiveInfinity, failures.Length);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"   {number}: p99 {before:0.0} ms; with the hang: others {others.Count} calls, p50 {Figures.Percentile(others, 50):0.0} ms, p99 {during:0.0} ms, ratio {round.Ratio:0.00}; met it first: {met.Count} calls, slowest {(met.Count > 0 ? met.Max() : 0):0} ms; the hung one was asked {asked.Count} times, out after {round.SecondsUntilOut:0.0} s, back {round.SecondsUntilBack:0.0} s after healing"));
        if (round.SecondsUntilBack > MostUntilBack.TotalSeconds)
        {
            foreach (string said in _gateway.Logs.Lines.Skip(line).Where(l => l.Contains("breaker", StringComparison.OrdinalIgnoreCase) || l.Contains("WRN", StringComparison.Ordinal)).Take(20))
            {
                Console.WriteLine($"      after healing: {said}");
            }
        }

        foreach (IGrouping<string, string> failure in failures.GroupBy(f => f.Length > 200 ? f[..200] : f).Take(3))
        {
            Console.WriteLine($"      {failure.Count()}x {failure.Key}");
        }

        return round;
    }

    /// <summary>When the calls in numbers ended; what comes after a rest is a probe, one at a time.</summary>
    private static double UntilOut(List<double> asked)
    {
        for (int i = 1; i < asked.Count; i++)
        {
            if (asked[i] - asked[i - 1] > BreakerSeconds / 2.0)
            {
                return asked[i - 1];
            }
        }

        return asked.Count == 0 ? 0 : Run.TotalSeconds - asked[^1] > BreakerSeconds / 2.0 ? asked[^1] : double.PositiveInfinity;
    }

    private static async Task<ScriptedUpstream> StartAsync()
    {
        ScriptedUpstream upstream = await ScriptedUpstream.StartAsync();
        upstream.Otherwise(WellAsync);
        return upstream;
    }

    private static async Task WellAsync(UpstreamCall call)
    {
        await Task.Delay(20, call.Http.RequestAborted);
        await OpenAiAnswers.Default(call);
    }

    private static string Configuration(ScriptedUpstream[] upstreams, bool asReplicas)
    {
        object Llm(string name, params string[] destinations) =>
            new { Name = name, Provider = "custom", Model = name, Destinations = destinations, TimeoutSeconds, FirstTokenTimeoutSeconds = TimeoutSeconds };
        return JsonSerializer.Serialize(new
        {
            LlmProxy = new
            {
                Llms = asReplicas
                    ? [Llm("spread", [.. upstreams.Select(u => u.BaseUrl)])]
                    : upstreams.Select((u, i) => Llm($"llm-{i}", u.BaseUrl)).ToArray(),
                Chains = asReplicas ? [] : new Dictionary<string, object> { ["spread"] = new { Llms = upstreams.Select((_, i) => $"llm-{i}"), Strategy = "weighted" } },
                Resilience = new { BreakerFailures, BreakerSeconds },
            },
        });
    }

    /// <summary>One run without the hang and one with it.</summary>
    private sealed record Round(double Ratio, double SecondsUntilOut, double SecondsUntilBack, int Failed);
}
