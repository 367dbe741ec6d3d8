using System.Globalization;
using LlmProxy.TestKit;

namespace LlmProxy.Drills.Limits;

/// <summary>A budget for exactly 100 calls, 1,000 calls at once over three replicas: how many pass, what is spent, what stays held?</summary>
internal static class Burst
{
    private const int Calls = 1000;
    private const int Affordable = 100;

    public static async Task<bool> RunAsync(int timeoutMs)
    {
        const decimal budget = ReplicaRig.CostOfOne * Affordable;
        await using ReplicaRig rig = await ReplicaRig.StartAsync(new() { ["BudgetUsd"] = budget, ["BudgetPeriod"] = "total" }, timeoutMs: timeoutMs);
        rig.Upstream.Otherwise(async call =>
        {
            await Task.Delay(200, call.Http.RequestAborted); // Long enough that the burst meets what is only held.
            await OpenAiAnswers.Default(call);
        });

        Reply[] replies = await Task.WhenAll(Enumerable.Range(0, Calls).Select(i => rig.Clients[i % rig.Clients.Count].ChatAsync("main")));
        int served = replies.Count(reply => reply.Status == 200);
        foreach (IGrouping<string, Reply> kind in replies.GroupBy(Kind).OrderByDescending(kind => kind.Count()))
        {
            Console.WriteLine($"  {kind.Count(),5}x {kind.Key}");
        }

        (decimal held, string running, decimal spent) = (1, "?", 0);
        for (int i = 0; i < 100 && (held != 0 || running != "0"); i++)
        {
            await Task.Delay(100);
            held = await rig.SumAsync("{drill}:limit:key:limited", "hu:");
            running = await rig.WordAsync("ZCARD", "{drill}:until");
        }

        spent = await rig.SumAsync("{drill}:limit:key:limited", "u:") / 10_000_000_000m;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"budget {budget} USD for {Affordable} calls; {served} of {Calls} served; spent by Redis {spent} USD, by what was served {served * ReplicaRig.CostOfOne} USD"));
        Console.WriteLine("stated bound: what admitted calls use beyond their reservation; here none, each reserves what it costs");
        Console.WriteLine($"held at the end: {held} units by {running} calls; Redis was found away {rig.TimesAway} times (Redis:TimeoutMs {timeoutMs})");
        return served <= Affordable && served > 0 && spent <= budget && spent == served * ReplicaRig.CostOfOne && held == 0 && running == "0"
            && replies.All(reply => reply.Status is 200 or 429);
    }

    private static string Kind(Reply reply) =>
        reply.Status == 200 ? "200" : $"{reply.Status} {reply.Json["error"]?["code"]} retry-after {reply.Header("retry-after") ?? "none"}, x-should-retry {reply.Header("x-should-retry")}";
}
