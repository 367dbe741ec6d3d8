using LlmProxy.Drills.Resilience;
using LlmProxy.TestKit;

namespace LlmProxy.Drills.Limits;

/// <summary>Redis is stopped, and later hung, under load on three replicas: does any call fail, and what does it cost in time?</summary>
internal static class RedisBlink
{
    private const int PerSecondAndReplica = 10;

    /// <summary>Calls in flight may wait 50 ms; a call is slower on a machine that has more to do, so the healthy tail is allowed twice.</summary>
    private const double AddedMs = 60;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Healthy = TimeSpan.FromSeconds(15);

    public static async Task<bool> RunAsync(int seconds)
    {
        var away = TimeSpan.FromSeconds(seconds);
        bool isGood = await LocalAsync(away);
        return await RefuseAsync(away < TimeSpan.FromSeconds(5) ? away : TimeSpan.FromSeconds(5)) && isGood;
    }

    private static async Task<bool> LocalAsync(TimeSpan away)
    {
        await using ReplicaRig rig = await StartAsync("local");
        List<double> before = [];
        bool isGood = await PhaseAsync(rig, "healthy", Healthy, before);
        List<double> during = [];
        await rig.Redis.KillAsync();
        isGood &= await PhaseAsync(rig, "stopped", away, during);
        await rig.Redis.ResumeAsync();
        isGood &= await PhaseAsync(rig, "back", Healthy, before);
        rig.Redis.Hang();
        isGood &= await PhaseAsync(rig, "hung", away, during);
        rig.Redis.Continue();
        isGood &= await PhaseAsync(rig, "awake", Healthy, before);
        isGood &= await PhaseAsync(rig, "settled", Healthy, before);

        (double healthy, double sick) = (Figures.Percentile(before, 99), Figures.Percentile(during, 99));
        Console.WriteLine(FormattableString.Invariant($"p99 with Redis {healthy:0.0} ms, without {sick:0.0} ms, added {sick - healthy:0.0} ms; found away {rig.TimesAway} times"));
        string running = "";
        for (int look = 0; look < 10 && running != "0"; look++)
        {
            await Task.Delay(100); // What has ended is told with the next call, or 10 ms later.
            running = await rig.WordAsync("ZCARD", "{drill}:until");
        }

        Console.WriteLine($"calls still held in Redis a moment after the last one: {running}");
        return isGood && sick <= Math.Max(healthy * 2, healthy + AddedMs) && rig.TimesAway >= 2 * rig.Gateways.Count && running == "0";
    }

    private static async Task<bool> RefuseAsync(TimeSpan away)
    {
        await using ReplicaRig rig = await StartAsync("refuse");
        await rig.Redis.KillAsync();
        await Task.Delay(200);
        Dictionary<string, int> kinds = [];
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (clock.Elapsed < away)
        {
            foreach (Reply reply in await Task.WhenAll(rig.Clients.Select(client => client.ChatAsync("main"))))
            {
                string kind = $"{reply.Status} {(reply.Status == 200 ? "" : reply.Json["error"]?["code"])} retry-after {reply.Header("retry-after")}";
                kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
            }
        }

        Console.WriteLine($"refuse, Redis stopped: {string.Join(", ", kinds.Select(kind => $"{kind.Value}x {kind.Key}"))}");
        bool isClear = kinds.Keys.All(kind => kind.StartsWith("503 gateway_busy retry-after 1", StringComparison.Ordinal));
        await rig.Redis.ResumeAsync();
        clock.Restart();
        bool serves = false;
        while (!serves && clock.Elapsed < Patience)
        {
            await Task.Delay(100);
            serves = (await Task.WhenAll(rig.Clients.Select(client => client.ChatAsync("main")))).All(reply => reply.Status == 200);
        }

        Console.WriteLine(FormattableString.Invariant($"refuse, Redis back: all replicas {(serves ? "serve" : "still refuse")} after {clock.Elapsed.TotalSeconds:0.0} s"));
        return isClear && serves;
    }

    private static Task<ReplicaRig> StartAsync(string whenAway) => ReplicaRig.StartAsync(
        new() { ["RequestsPerMinute"] = 1_000_000, ["TokensPerMinute"] = 100_000_000, ["MaxParallel"] = 10_000, ["BudgetUsd"] = 1_000, ["BudgetPeriod"] = "day" }, whenAway);

    private static async Task<bool> PhaseAsync(ReplicaRig rig, string name, TimeSpan length, List<double> times)
    {
        List<LoadCall> calls = [.. (await Task.WhenAll(rig.Clients.Select(client => new OpenLoop(client, "main", PerSecondAndReplica).RunAsync(length)))).SelectMany(some => some)];
        List<string> failures = [.. calls.Where(call => call.Failure is not null).Select(call => call.Failure!)];
        Figures.Print($"{name}: failed {failures.Count}", [.. calls.Select(call => call.Ms)]);
        foreach (IGrouping<string, string> failure in failures.GroupBy(failure => failure).Take(5))
        {
            Console.WriteLine($"  {failure.Count()}x {failure.Key}");
        }

        times.AddRange(calls.Select(call => call.Ms));
        return failures.Count == 0;
    }
}
