using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using LlmProxy.TestKit;

namespace LlmProxy.Drills.Limits;

/// <summary>600 calls per minute over three replicas under steady overload: how many pass in any 60 seconds and in each full minute, and is retry-after true?</summary>
internal static class LimitRate
{
    private const int Limit = 600;
    private const int MostInWindow = 606;
    private const int LeastInMinute = 570;
    private const int PerSecondAndReplica = 12;

    public static async Task<bool> RunAsync(int minutes, int timeoutMs)
    {
        await using ReplicaRig rig = await ReplicaRig.StartAsync(new() { ["RequestsPerMinute"] = Limit }, timeoutMs: timeoutMs);
        var admitted = new ConcurrentQueue<double>();
        var statuses = new ConcurrentDictionary<int, int>();
        long begin = Stopwatch.GetTimestamp();
        rig.Upstream.Otherwise(async call =>
        {
            admitted.Enqueue(Stopwatch.GetElapsedTime(begin).TotalSeconds);
            await OpenAiAnswers.Default(call);
        });

        var length = TimeSpan.FromMinutes(minutes);
        await Task.WhenAll(rig.Clients.Select(client => OverloadAsync(client, begin, length, statuses)));
        Console.WriteLine($"asked {statuses.Values.Sum()}: {string.Join(", ", statuses.OrderBy(s => s.Key).Select(s => $"{s.Value}x {s.Key}"))}");

        List<double> times = [.. admitted.Order()];
        int most = times.Select((from, i) => times.FindLastIndex(time => time < from + 60) - i + 1).DefaultIfEmpty(0).Max();
        Console.WriteLine($"most in any 60 s: {most} (at most {MostInWindow})");
        bool isFull = true;
        for (int minute = 0; minute < minutes; minute++)
        {
            double from = times[0] + (minute * 60);
            int count = times.Count(time => time >= from && time < from + 60);
            bool isWhole = times[0] + ((minute + 1) * 60) <= length.TotalSeconds + 1;
            Console.WriteLine($"minute {minute + 1}: {count}{(isWhole ? $" (at least {LeastInMinute})" : ", cut short")}");
            isFull &= !isWhole || count >= LeastInMinute;
        }

        bool isTrue = await LoneCallerAsync(rig.Clients[0]);
        Console.WriteLine($"Redis was found away {rig.TimesAway} times (Redis:TimeoutMs {timeoutMs})");
        return most <= MostInWindow && isFull && isTrue && statuses.Keys.All(status => status is 200 or 429);
    }

    private static async Task OverloadAsync(HttpClient client, long begin, TimeSpan length, ConcurrentDictionary<int, int> statuses)
    {
        List<Task> calls = [];
        for (int i = 0; ; i++)
        {
            TimeSpan due = TimeSpan.FromSeconds((double)i / PerSecondAndReplica);
            if (due >= length)
            {
                break;
            }

            TimeSpan early = due - Stopwatch.GetElapsedTime(begin);
            if (early > TimeSpan.Zero)
            {
                await Task.Delay(early);
            }

            calls.Add(CallAsync(client, statuses));
        }

        await Task.WhenAll(calls);
    }

    private static async Task CallAsync(HttpClient client, ConcurrentDictionary<int, int> statuses)
    {
        Reply reply = await client.ChatAsync("main");
        statuses.AddOrUpdate(reply.Status, 1, static (_, count) => count + 1);
    }

    /// <summary>Spends what is left, is refused, waits as long as it was told, and must pass.</summary>
    private static async Task<bool> LoneCallerAsync(HttpClient client)
    {
        Reply reply;
        int spent = 0;
        while ((reply = await client.ChatAsync("main")).Status == 200)
        {
            spent++;
        }

        int wait = int.Parse(reply.Header("retry-after") ?? "0", CultureInfo.InvariantCulture);
        await Task.Delay(TimeSpan.FromSeconds(wait));
        Reply after = await client.ChatAsync("main");
        Console.WriteLine($"a lone caller: {spent} more passed, then refused for {wait} s, after it {after.Status}");
        return wait > 0 && after.Status == 200;
    }
}
