using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using LlmProxy.TestKit;

namespace LlmProxy.Drills;

/// <summary>Nothing but bad requests, for a while: is any forwarded, does any end in a 5xx, does memory come back?</summary>
internal static class BadInput
{
    private const int Workers = 6;
    private const int Limit = 4 << 20;
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(10);

    private static readonly (string Name, Func<RawClient, Task<int>> Send)[] Kinds =
    [
        ("cut in the middle", CutAsync),
        ("left half-sent", async client =>
        {
            await client.SendAsync(client.Head("POST", "/v1/chat/completions", 1000));
            return (await client.ReadAnswerAsync()).Status; // 408 when BodySeconds are over.
        }),
        ("not JSON, 2 MB", client => PostAsync(client, new string('x', 2 << 20))),
        ("nested 500,000 deep", client => PostAsync(client, GatewayCalls.ChatBody("custom/m")[..^1] + ",\"x\":" + new string('[', 500_000))),
        ("over the limit", client => PostAsync(client, GatewayCalls.ChatBody("custom/m", text: new string('a', Limit * 2)))),
        ("bad UTF-8", client => PostAsync(client, [.. Encoding.UTF8.GetBytes("{\"model\":\"custom/m\",\"messages\":[\""), 0xFF, 0xFE, .. "\"]}"u8])),
        ("64 KB header", async client =>
        {
            await client.PostAsync("/v1/chat/completions", GatewayCalls.ChatBody("custom/m"), ("x-big", new string('a', 65_536)));
            return (await client.ReadAnswerAsync()).Status;
        }),
        ("unknown model", client => PostAsync(client, GatewayCalls.ChatBody("nobody", text: new string('a', 1 << 20)))),
    ];

    public static async Task<bool> RunAsync()
    {
        await using ScriptedUpstream upstream = await ScriptedUpstream.StartAsync();
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings
        {
            Config = DrillConfig.For(upstream, "*", new { MaxBodyBytes = Limit, BodySeconds = 1 }),
        });

        var statuses = new ConcurrentDictionary<(string Kind, int Status), int>();
        double fresh = MegabytesOf(gateway);
        await RoundAsync(gateway, statuses);
        double warm = MegabytesOf(gateway);
        await RoundAsync(gateway, statuses);
        double after = MegabytesOf(gateway);

        foreach (((string kind, int status), int count) in statuses.OrderBy(s => s.Key.Kind, StringComparer.Ordinal).ThenBy(s => s.Key.Status))
        {
            Console.WriteLine($"  {kind}: {(status == 0 ? "no answer owed" : status.ToString(CultureInfo.InvariantCulture))} x {count}");
        }

        int forwarded = upstream.Calls.Count;
        Console.WriteLine($"forwarded {forwarded}, 5xx {statuses.Where(s => s.Key.Status >= 500).Sum(s => s.Value)}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"resident memory: fresh {fresh:0} MB, after the first round {warm:0} MB, after the second {after:0} MB"));
        return forwarded == 0 && !statuses.Any(s => s.Key.Status is >= 500 or (> 0 and < 400)) && after < (warm * 1.15) + 16;
    }

    private static async Task RoundAsync(GatewayProcess gateway, ConcurrentDictionary<(string, int), int> statuses)
    {
        long begin = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(async worker =>
        {
            for (int i = worker; Stopwatch.GetElapsedTime(begin) < Round; i++)
            {
                (string name, Func<RawClient, Task<int>> send) = Kinds[i % Kinds.Length];
                await using RawClient client = await RawClient.ConnectAsync(gateway.BaseUrl);
                int status;
                try
                {
                    status = await send(client);
                }
                catch (IOException)
                {
                    status = -1; // Closed without the answer that was owed.
                }

                statuses.AddOrUpdate((name, status), 1, (_, count) => count + 1);
            }
        }));
        await Task.Delay(TimeSpan.FromSeconds(2)); // What was held for the last ones is given back.
    }

    private static async Task<int> CutAsync(RawClient client)
    {
        await client.SendAsync(client.Head("POST", "/v1/chat/completions", 2 << 20));
        await client.SendAsync(new string('{', 1 << 20));
        client.Reset();
        return 0;
    }

    private static Task<int> PostAsync(RawClient client, string body) => PostAsync(client, Encoding.UTF8.GetBytes(body));

    private static async Task<int> PostAsync(RawClient client, byte[] body)
    {
        await client.PostAsync("/v1/chat/completions", body);
        return (await client.ReadAnswerAsync()).Status;
    }

    private static double MegabytesOf(GatewayProcess gateway)
    {
        using var process = Process.GetProcessById(gateway.ProcessId);
        return process.WorkingSet64 / 1048576.0;
    }
}
