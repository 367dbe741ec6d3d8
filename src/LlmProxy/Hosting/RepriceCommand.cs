using System.Data.Common;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LlmProxy.Accounting.Reports;
using LlmProxy.Accounting.Repricing;
using LlmProxy.Admin;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Storage;

namespace LlmProxy.Hosting;

/// <summary>"dotnet LlmProxy.dll reprice": what the calls in the ledger cost by the prices of today; shown first, written with --apply.</summary>
internal static class RepriceCommand
{
    private const int Done = 0;
    private const int Failed = 1;
    private const int NotUnderstood = 2;

    public static async Task<int> RunAsync(string[] args)
    {
        TextWriter output = Console.Out;
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        if (RepriceArguments.Read(args[1..], now, out string problem) is not { } asked)
        {
            await (problem.Length == 0 ? output : Console.Error).WriteLineAsync(problem.Length == 0 ? RepriceArguments.Usage : problem + "\n" + RepriceArguments.Usage);
            return problem.Length == 0 ? Done : NotUnderstood;
        }

        string root = Directory.GetCurrentDirectory();
        LoadedConfiguration loaded = GatewayBoot.Load(asked.Settings, root);
        if (!loaded.IsValid)
        {
            return await RefuseAsync("The configuration has mistakes; nothing was read or written:\n  " + string.Join("\n  ", loaded.Mistakes));
        }

        var target = DatabaseTarget.Parse(loaded.Options.Database.Connection, root);
        if (target.Kind == DatabaseKind.Sqlite && !File.Exists(target.Path))
        {
            return await RefuseAsync($"There is no ledger at {target.Path}. Run this where the gateway runs, with its configuration (LlmProxy:Database:Connection).");
        }

        try
        {
            await using IDatabase database = DatabaseKeeper.Open(target);
            await RunAsync(database, loaded.Options, asked, output);
            return Done;
        }
        catch (Exception e) when (e is DbException or IOException or UnauthorizedAccessException)
        {
            string advice = target.Kind == DatabaseKind.Sqlite && e is IOException ? " Stop the gateway that uses it first; a SQLite file belongs to one process at a time." : "";
            return await RefuseAsync($"The ledger cannot be used: {target.Label}: {e.Message.TrimEnd('.')}.{advice}");
        }
    }

    private static async Task RunAsync(IDatabase database, GatewayOptions options, RepriceArguments asked, TextWriter output)
    {
        string? llm = asked.Llm is { } name ? options.Llms.Find(known => known.Name.Equals(name, StringComparison.OrdinalIgnoreCase))?.Name ?? name : null;
        var filter = new ReportFilter(asked.Range) { Llm = llm };
        var repricer = new Repricer(database, new PriceList(options, TimeProvider.System));
        await output.WriteLineAsync(RepriceText.Invariant($"Calls from {asked.Range.From:yyyy-MM-dd HH:mm:ss} to {asked.Range.To:yyyy-MM-dd HH:mm:ss} UTC by the prices of today, {database.Target.Label}:"));
        RepriceSums sums = await repricer.RunAsync(filter, audit: null, CancellationToken.None);
        foreach (string line in RepriceText.Table(sums).Concat(RepriceText.Remarks(sums)))
        {
            await output.WriteLineAsync(line);
        }

        if (sums.Changed == 0)
        {
            await output.WriteLineAsync("Nothing changes.");
            return;
        }

        if (!asked.Apply)
        {
            await output.WriteLineAsync(RepriceText.Invariant($"Nothing was written. With --apply {sums.Changed} {RepriceText.Calls(sums.Changed)} would get the new cost."));
            return;
        }

        RepriceSums written = await repricer.RunAsync(filter, Audit(asked, llm, sums), CancellationToken.None);
        await output.WriteLineAsync(RepriceText.Invariant($"Written: {written.Changed} {RepriceText.Calls(written.Changed)} have the new cost."));
        await output.WriteLineAsync("Budgets go on with what they have counted until they are next filled from the ledger (at a gateway's start).");
    }

    private static AuditEntry Audit(RepriceArguments asked, string? llm, RepriceSums sums) => new(
        0,
        TimeProvider.System.GetUtcNow(),
        "reprice command",
        "reprice",
        string.Create(CultureInfo.InvariantCulture, $"calls {asked.Range.From:yyyy-MM-ddTHH:mm:ssZ}/{asked.Range.To:yyyy-MM-ddTHH:mm:ssZ}{(llm is null ? "" : " " + llm)}"),
        Json(sums, sums.Total.Before),
        Json(sums, sums.Total.After));

    private static string Json(RepriceSums sums, decimal cost)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, AdminJson.Writing))
        {
            json.WriteStartObject();
            json.WriteNumber("calls", sums.Total.Calls);
            json.WriteNumber("changed", sums.Changed);
            json.WriteNumber("cost_usd", UsageColumns.Shorten(cost));
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(text.ToArray());
    }

    private static async Task<int> RefuseAsync(string why)
    {
        await Console.Error.WriteLineAsync(why);
        return Failed;
    }
}
