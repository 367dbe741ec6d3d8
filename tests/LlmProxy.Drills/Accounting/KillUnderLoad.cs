using System.Diagnostics;
using System.Globalization;
using LlmProxy.TestKit;

namespace LlmProxy.Drills.Accounting;

/// <summary>
/// SIGKILL again and again under streams, plain calls and calls that fall back, each time with a restart on the same
/// data: has every call that its client finished exactly one row with its vendor's true usage, and every begun call
/// exactly one row?
/// </summary>
internal static class KillUnderLoad
{
    private const int Workers = 24;
    private static readonly TimeSpan LongestRound = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(30);

    public static async Task<bool> RunAsync(int rounds, bool onPostgres)
    {
        await using PostgresServer? server = onPostgres ? await PostgresServer.StartAsync() : null;
        string connection = server is null ? "Data Source=data/llmproxy.db" : await server.CreateDatabaseAsync("kill");
        string directory = Directory.CreateTempSubdirectory("llmproxy-kill-").FullName;
        try
        {
            await using var vendor = await BookkeepingVendor.StartAsync();
            GatewaySettings settings = vendor.Settings(directory, connection);
            var finished = new Finished();
            var random = new Random(20261121);
            for (int round = 1; round <= rounds; round++)
            {
                await using GatewayProcess gateway = await GatewayProcess.StartAsync(settings);
                await KillAsync(gateway, finished, random, $"r{round}");
                Console.WriteLine($"round {round}: finished by their clients so far {finished.Count}, begun at the vendor {vendor.Begun.Count}");
            }

            Ledger ledger = server is null ? Ledger.In(directory) : Ledger.In(server, "kill");
            return await JudgeAsync(settings, ledger, vendor, finished);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task KillAsync(GatewayProcess gateway, Finished finished, Random random, string round)
    {
        using var stop = new CancellationTokenSource();
        Task[] load = [.. Enumerable.Range(0, Workers).Select(worker => new MixedCaller(gateway, finished, $"{round}-{worker}", random.Next()).RunAsync(stop.Token))];
        int enough = finished.Count + random.Next(100, 600);
        long begin = Stopwatch.GetTimestamp();
        while (finished.Count < enough && Stopwatch.GetElapsedTime(begin) < LongestRound)
        {
            await Task.Delay(random.Next(1, 20));
        }

        gateway.Kill();
        await gateway.WaitForExitAsync();
        await stop.CancelAsync();
        await Task.WhenAll(load);
    }

    private static async Task<bool> JudgeAsync(GatewaySettings settings, Ledger ledger, BookkeepingVendor vendor, Finished finished)
    {
        await using GatewayProcess last = await GatewayProcess.StartAsync(settings);
        long begin = Stopwatch.GetTimestamp();
        string journal = Path.Combine(last.WorkingDirectory, "data", "journal");
        while (Directory.GetDirectories(journal).Length > 1 && Stopwatch.GetElapsedTime(begin) < Settled)
        {
            await Task.Delay(50);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the dead journals were in the database {Stopwatch.GetElapsedTime(begin).TotalSeconds:0.0} s after the last start; left over: {Directory.GetDirectories(journal).Length - 1}"));
        List<LedgerRow> rows = await ledger.RowsAsync();
        ILookup<string, LedgerRow> byCall = rows.ToLookup(row => row.EndUser ?? "");
        string[] missing = [.. finished.Calls.Keys.Where(call => !byCall.Contains(call))];
        string[] unknown = [.. vendor.Begun.Keys.Where(call => !byCall.Contains(call))];
        string[] twice = [.. byCall.Where(group => group.Count() > 1).Select(group => group.Key)];
        string[] untrue = [.. finished.Calls.Where(call => byCall[call.Key].FirstOrDefault() is { } row && !IsTrue(row, call.Key, call.Value)).Select(call => $"{call.Key}: {byCall[call.Key].First()}")];
        foreach (IGrouping<string, LedgerRow> outcome in rows.GroupBy(row => row.Outcome))
        {
            Console.WriteLine($"rows {outcome.Key}: {outcome.Count()}");
        }

        Console.WriteLine($"finished by their clients {finished.Count}: without a row {missing.Length}, with another usage, cost, id or outcome {untrue.Length}");
        Console.WriteLine($"begun at the vendor {vendor.Begun.Count}: without a row {unknown.Length}; calls with two rows {twice.Length}");
        double byRows = BookkeepingVendor.Usd(rows.Sum(row => row.CostUnits ?? 0));
        double byBudget = await SpentAsync(last, byRows);
        bool sumsAgree = Math.Abs(byRows - byBudget) < 1e-6;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"cost of all rows {byRows:0.0000000} USD, spent of the budget {byBudget:0.0000000} USD"));
        foreach (string line in missing.Concat(unknown).Concat(twice).Concat(untrue).Take(10))
        {
            Console.WriteLine("  " + line);
        }

        return sumsAgree && finished.Count > 0 && missing.Length + unknown.Length + twice.Length + untrue.Length == 0
            && rows.Exists(row => row.Outcome == "interrupted") && !last.Logs.Text.Contains("damaged", StringComparison.Ordinal);
    }

    /// <summary>What the budget has counted; a started gateway reads the books again after a while, for what dead ones left.</summary>
    private static async Task<double> SpentAsync(GatewayProcess gateway, double expected)
    {
        long begin = Stopwatch.GetTimestamp();
        double spent = double.NaN;
        while (!(Math.Abs(spent - expected) < 1e-6) && Stopwatch.GetElapsedTime(begin) < Settled + Settled)
        {
            string page = await gateway.Client.GetStringAsync("/metrics");
            string? line = page.Split('\n').FirstOrDefault(text => text.StartsWith("llm_budget_remaining_usd{", StringComparison.Ordinal));
            spent = line is null ? double.NaN : BookkeepingVendor.BudgetUsd - double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
            await Task.Delay(200);
        }

        return spent;
    }

    private static bool IsTrue(LedgerRow row, string call, string id)
    {
        (long input, long output) = BookkeepingVendor.UsageOf(call);
        return row.Id == id && row.Outcome == "success" && row.UsageSource == "reported" && (row.Input, row.Output) == (input, output)
            && row.CostUnits == BookkeepingVendor.CostUnits(input, output);
    }
}
