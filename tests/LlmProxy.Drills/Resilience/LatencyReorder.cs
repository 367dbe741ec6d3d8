using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using LlmProxy.TestKit;

namespace LlmProxy.Drills.Resilience;

/// <summary>Two upstreams under latency_optimized: the faster one becomes slow and heals. After how many calls does the other go first, after how many seconds is it first again?</summary>
internal static class LatencyReorder
{
    private const int Window = 10;
    private const int MostOfWindow = 8; // Some calls probe the others.
    private const int MostCalls = 20;
    private const double MostSeconds = 60;
    private const int Probes = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public static async Task<bool> RunAsync()
    {
        await using ScriptedUpstream quick = await ScriptedUpstream.StartAsync();
        await using ScriptedUpstream steady = await ScriptedUpstream.StartAsync();
        quick.Otherwise(After(20));
        steady.Otherwise(After(80));
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings { Config = Configuration(quick, steady) });
        bool passed = true;
        foreach (bool stream in new[] { false, true })
        {
            string kind = stream ? "streams" : "plain calls";
            int known = await UntilBothAreKnownAsync(gateway, steady, stream);
            (int calls, double seconds) = await UntilAsync(gateway, "quick", stream);
            Console.WriteLine(Line($"{kind}: the quick one goes first after {calls} calls, {seconds:0.0} s; the other was probed {Probes} times in {known} calls before"));

            quick.Otherwise(After(500));
            (calls, seconds) = await UntilAsync(gateway, "steady", stream);
            Console.WriteLine(Line($"{kind}: it became slow (500 ms): the other goes first after {calls} calls, {seconds:0.0} s (<= {MostCalls} calls)"));
            passed &= calls <= MostCalls;

            quick.Otherwise(After(20));
            (calls, seconds) = await UntilAsync(gateway, "quick", stream);
            Console.WriteLine(Line($"{kind}: it healed: first again after {calls} calls, {seconds:0.0} s (<= {MostSeconds} s)"));
            passed &= seconds <= MostSeconds;
        }

        return passed;
    }

    /// <summary>Until the slower one has been measured too, by the few calls that probe it: before, its typical value stands for it.</summary>
    private static async Task<int> UntilBothAreKnownAsync(GatewayProcess gateway, ScriptedUpstream steady, bool stream)
    {
        int before = steady.Calls.Count;
        int calls = 0;
        while (steady.Calls.Count < before + Probes && calls < 1000)
        {
            await AskAsync(gateway, stream);
            await Task.Delay(Pause);
            calls++;
        }

        return calls;
    }

    /// <summary>Calls, and seconds, until that LLM begins to get most of the calls; both endless when it never does.</summary>
    private static async Task<(int Calls, double Seconds)> UntilAsync(GatewayProcess gateway, string wanted, bool stream)
    {
        long begin = Stopwatch.GetTimestamp();
        List<(bool Is, double At)> calls = [];
        while (Stopwatch.GetElapsedTime(begin).TotalSeconds < MostSeconds * 1.5)
        {
            double at = Stopwatch.GetElapsedTime(begin).TotalSeconds;
            calls.Add((await AskAsync(gateway, stream) == wanted, at));
            if (calls.Count >= Window && calls.TakeLast(Window).Count(c => c.Is) >= MostOfWindow)
            {
                int first = calls.FindIndex(calls.Count - Window, c => c.Is);
                return (first, calls[first].At);
            }

            await Task.Delay(Pause);
        }

        return (int.MaxValue, double.PositiveInfinity);
    }

    private static async Task<string?> AskAsync(GatewayProcess gateway, bool stream)
    {
        await using StreamReply reply = await gateway.Client.StreamAsync(
            "/v1/chat/completions", GatewayCalls.ChatBody("auto:latency_optimized", stream ? "\"stream\":true" : ""));
        await reply.Events.RestAsync();
        return reply.Header("x-llm-model");
    }

    private static UpstreamAnswer After(int ms) => async call =>
    {
        await Task.Delay(ms, call.Http.RequestAborted);
        await OpenAiAnswers.Default(call);
    };

    private static string Configuration(ScriptedUpstream quick, ScriptedUpstream steady) => JsonSerializer.Serialize(new
    {
        LlmProxy = new
        {
            Llms = new object[]
            {
                new { Name = "quick", Provider = "custom", Model = "quick-model", quick.BaseUrl },
                new { Name = "steady", Provider = "custom", Model = "steady-model", steady.BaseUrl },
            },
        },
    });

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
