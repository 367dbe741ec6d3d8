using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using LlmProxy.TestKit;

namespace LlmProxy.Drills;

/// <summary>The watched file is edited ten times under constant load: how fast is each edit live, and does any call fail?</summary>
internal static class ReloadUnderLoad
{
    private const int Edits = 10;
    private const int Workers = 8;
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(2);

    public static async Task<bool> RunAsync()
    {
        await using ScriptedUpstream upstream = await ScriptedUpstream.StartAsync();
        await using GatewayProcess gateway = await DrillConfig.StartAsync(upstream, "model-0");
        using var stop = new CancellationTokenSource();
        var failures = new ConcurrentBag<string>();
        Task<int>[] load = [.. Enumerable.Range(0, Workers).Select(i => LoadAsync(gateway, stream: i % 2 == 0, failures, stop.Token))];

        long begin = Stopwatch.GetTimestamp();
        List<double> switches = [];
        for (int edit = 1; edit <= Edits; edit++)
        {
            await Task.Delay(Length * edit / (Edits + 1) - Min(Stopwatch.GetElapsedTime(begin), Length * edit / (Edits + 1)));
            await gateway.WriteConfigAsync(DrillConfig.For(upstream, $"model-{edit}"));
            switches.Add(await UntilServedAsync(gateway, $"model-{edit}"));
        }

        await stop.CancelAsync();
        int calls = (await Task.WhenAll(load)).Sum();

        Console.WriteLine($"calls {calls}, failed {failures.Count}");
        foreach (IGrouping<string, string> failure in failures.GroupBy(f => f).Take(10))
        {
            Console.WriteLine($"  {failure.Count()}x {failure.Key}");
        }

        Figures.Print("edit live after", switches);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"slowest switch {switches.Max():0} ms"));
        return failures.IsEmpty && switches.Max() < Bound.TotalMilliseconds;
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static async Task<double> UntilServedAsync(GatewayProcess gateway, string model)
    {
        long begin = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begin) < Bound * 5)
        {
            Reply reply = await gateway.Client.ChatAsync("main");
            if (reply.Status == 200 && reply.Json["model"]?.ToString() == model)
            {
                break;
            }

            await Task.Delay(10);
        }

        return Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
    }

    private static async Task<int> LoadAsync(GatewayProcess gateway, bool stream, ConcurrentBag<string> failures, CancellationToken stop)
    {
        using HttpClient client = gateway.NewClient();
        int calls = 0;
        for (; !stop.IsCancellationRequested; calls++)
        {
            try
            {
                if (!stream)
                {
                    Reply reply = await client.ChatAsync("main");
                    if (reply.Status != 200)
                    {
                        failures.Add(reply.ToString());
                    }
                }
                else
                {
                    await using StreamReply reply = await client.StreamChatAsync("main");
                    List<string> data = await reply.Events.RestAsync();
                    if (data is not [.., "[DONE]"])
                    {
                        failures.Add($"{reply.Status} {string.Join(' ', data.TakeLast(1))}");
                    }
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                failures.Add(e.Message);
            }
        }

        return calls;
    }
}
