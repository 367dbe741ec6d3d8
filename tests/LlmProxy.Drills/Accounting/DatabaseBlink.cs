using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using LlmProxy.Drills.Resilience;
using LlmProxy.TestKit;

namespace LlmProxy.Drills.Accounting;

/// <summary>
/// PostgreSQL goes away under load for a minute and comes back: does any call fail, what do calls feel, and is every one of
/// them in the ledger in the end, once?
/// </summary>
internal static class DatabaseBlink
{
    private const int CallsPerSecond = 100;
    private const double MostAddedMs = 50;
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <param name="seconds">How long the database is away.</param>
    public static async Task<bool> RunAsync(int seconds)
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        string connection = await server.CreateDatabaseAsync("blink");
        await using ScriptedUpstream upstream = await ScriptedUpstream.StartAsync();
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(new GatewaySettings
        {
            Config = JsonSerializer.Serialize(new
            {
                LlmProxy = new
                {
                    Database = new { Connection = connection },
                    Llms = new object[] { new { Name = "main", Provider = "custom", Model = "main", upstream.BaseUrl, InputPricePerMillion = 1, OutputPricePerMillion = 2 } },
                },
            }),
        });
        using HttpClient client = gateway.NewClient();
        var load = new OpenLoop(client, "main", CallsPerSecond);
        List<LoadCall> warm = await load.RunAsync(TimeSpan.FromSeconds(10));

        List<LoadCall> before = await load.RunAsync(Calm);
        await server.HaltAsync();
        List<LoadCall> away = await load.RunAsync(TimeSpan.FromSeconds(seconds));
        Task resumed = server.ResumeAsync();
        List<LoadCall> after = await load.RunAsync(Calm);
        await resumed;

        int sent = warm.Count + before.Count + away.Count + after.Count;
        (int rows, int distinct, double seconds) ledger = await CountAsync(server, sent);
        string[] failures = [.. warm.Concat(before).Concat(away).Concat(after).Select(c => c.Failure).OfType<string>()];
        Figures.Print("before", [.. before.Select(c => c.Ms)]);
        Figures.Print("away", [.. away.Select(c => c.Ms)]);
        Figures.Print("after", [.. after.Select(c => c.Ms)]);
        foreach (IGrouping<string, string> failure in failures.GroupBy(f => f.Length > 200 ? f[..200] : f).Take(3))
        {
            Console.WriteLine($"   {failure.Count()}x {failure.Key}");
        }

        double added = Figures.Percentile([.. away.Select(c => c.Ms)], 99) - Figures.Percentile([.. before.Select(c => c.Ms)], 99);
        bool passed = failures.Length == 0 && ledger.rows == sent && ledger.distinct == sent && added <= MostAddedMs;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"database away {seconds} s: {sent} calls, {failures.Length} failed, p99 added while away {added:0.0} ms (<= {MostAddedMs}); rows {ledger.rows}, ids {ledger.distinct}, all there {ledger.seconds:0.0} s after the load"));
        return passed;
    }

    private static async Task<(int Rows, int Distinct, double Seconds)> CountAsync(PostgresServer server, int expected)
    {
        long begin = Stopwatch.GetTimestamp();
        int[] counts = [0, 0];
        while (counts[0] < expected && Stopwatch.GetElapsedTime(begin) < Patience)
        {
            await Task.Delay(100);
            string[] told = (await server.QueryAsync("blink", "select count(*), count(distinct id) from llmproxy_calls where outcome = 'success'")).Split('|');
            counts = [.. told.Select(count => int.Parse(count, CultureInfo.InvariantCulture))];
        }

        return (counts[0], counts[1], Stopwatch.GetElapsedTime(begin).TotalSeconds);
    }
}
