using System.Globalization;
using System.Text.Json;
using LlmProxy.Accounting.Reports;
using LlmProxy.Configuration;
using LlmProxy.Configuration.Options;
using LlmProxy.Limits;
using LlmProxy.Pipeline;
using LlmProxy.Storage;

namespace LlmProxy.Admin;

/// <summary>What was used and what it cost: /admin/api/usage and the costs by workspace and by day.</summary>
internal sealed class UsageRoutes(ReportCounter counter, TimeProvider time)
{
    private const int MostDays = 3660;

    private static readonly string[] UsageParameters = ["from", "to", "group_by", "provider", "workspace", "key"];
    private static readonly string[] ModelParameters = ["from", "to", "provider", "workspace", "key"];
    private static readonly string[] PeriodParameters = ["period"];
    private static readonly string[] DailyParameters = ["days", "workspace"];
    private static readonly string[] Periods = ["day", "week", "month"];

    public Task<GatewayError?> UsageAsync(HttpContext http, GatewaySnapshot snapshot) => counter.AskAsync(async database =>
    {
        ReportFilter filter = null!;
        string word = "";
        if ((ReportQuery.Read(http.Request.Query, UsageParameters, out ReportQuery query) ?? query.ReadFilter(snapshot, time.GetUtcNow(), out filter) ?? query.ReadWord("group_by", ReportGroups.Names, out word)) is { } wrong)
        {
            return wrong;
        }

        ReportGroup by = ReportGroups.Find(word)!.Value;
        UsageReport report = await ReadAsync(database, filter, by, http);
        return await ReportAnswer.SendAsync(
            http,
            "usage-by-" + word,
            UsageColumns.By(by),
            report.Groups,
            json =>
            {
                WriteRange(json, filter.Range);
                json.WriteString("group_by", word);
            },
            after: json =>
            {
                json.WriteStartObject("total");
                ReportAnswer.Write(json, UsageColumns.Sums, report.Total);
                json.WriteEndObject();
                json.WriteBoolean("truncated", report.IsTruncated);
            });
    });

    public Task<GatewayError?> ModelsAsync(HttpContext http, GatewaySnapshot snapshot) => counter.AskAsync(async database =>
    {
        ReportFilter filter = null!;
        if ((ReportQuery.Read(http.Request.Query, ModelParameters, out ReportQuery query) ?? query.ReadFilter(snapshot, time.GetUtcNow(), out filter)) is { } wrong)
        {
            return wrong;
        }

        UsageReport report = await ReadAsync(database, filter, ReportGroup.ProviderModel, http);
        return await ReportAnswer.SendAsync(http, "usage-models", UsageColumns.Models, report.Groups, json => WriteRange(json, filter.Range));
    });

    public Task<GatewayError?> WorkspaceAsync(HttpContext http, GatewaySnapshot snapshot) => counter.AskAsync(async database =>
    {
        string period = "";
        if ((ReportQuery.Read(http.Request.Query, PeriodParameters, out ReportQuery query) ?? query.ReadWord("period", Periods, out period)) is { } wrong)
        {
            return wrong;
        }

        string name = ReportQuery.WorkspaceName(snapshot, AddressedName(http));
        var filter = new ReportFilter(Current(period, time.GetUtcNow())) { Workspace = name };
        UsageReport report = await ReadAsync(database, filter, ReportGroup.ProviderModel, http);
        if (report.Total.Calls == 0 && !IsConfigured(snapshot, name) && !await database.AskAsync((connection, _, stop) => KnownWorkspaces.HasCallsAsync(connection, name, stop), http.RequestAborted))
        {
            return Unknown(snapshot, name);
        }

        return await ReportAnswer.SendAsync(
            http,
            "workspace-costs",
            UsageColumns.CostsByModel,
            report.Groups,
            json =>
            {
                json.WriteString("workspace", name);
                json.WriteString("period", period);
                WriteRange(json, filter.Range);
                ReportAnswer.Write(json, UsageColumns.Costs, report.Total);
            },
            list: "by_model");
    });

    public Task<GatewayError?> DailyAsync(HttpContext http, GatewaySnapshot snapshot) => counter.AskAsync(async database =>
    {
        int days = 0;
        if ((ReportQuery.Read(http.Request.Query, DailyParameters, out ReportQuery query) ?? query.ReadNumber("days", ReportRange.UsualDays, MostDays, out days)) is { } wrong)
        {
            return wrong;
        }

        string? workspace = query.Find("workspace") is { } said ? ReportQuery.WorkspaceName(snapshot, said) : null;
        var filter = new ReportFilter(ReportRange.LastDays(time.GetUtcNow(), days)) { Workspace = workspace };
        UsageReport report = await ReadAsync(database, filter, ReportGroup.Day, http);
        return await ReportAnswer.SendAsync(
            http,
            "costs-daily",
            UsageColumns.CostsByDay,
            EveryDay(filter.Range, report.Groups),
            json =>
            {
                WriteRange(json, filter.Range);
                json.WriteString("workspace", workspace);
                ReportAnswer.Write(json, UsageColumns.Costs, report.Total);
            });
    });

    /// <summary>The period that runs now, as budgets count them.</summary>
    internal static ReportRange Current(string period, DateTimeOffset now)
    {
        PeriodSpan span = PeriodSpan.Of(Enum.Parse<BudgetPeriod>(period, ignoreCase: true), now);
        return new ReportRange(span.Start, span.End!.Value);
    }

    /// <summary>A day without calls is a day too.</summary>
    internal static IReadOnlyList<UsageGroup> EveryDay(ReportRange range, IReadOnlyList<UsageGroup> days)
    {
        var known = days.ToDictionary(day => day.Name!, StringComparer.Ordinal);
        var all = new List<UsageGroup>();
        for (DateTimeOffset day = range.From; day < range.To; day = day.AddDays(1))
        {
            string name = day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            all.Add(known.GetValueOrDefault(name) ?? new UsageGroup(name, null, default));
        }

        return all;
    }

    private static Task<UsageReport> ReadAsync(ReportCounter.Asked database, ReportFilter filter, ReportGroup by, HttpContext http) => database.AskAsync(
        (connection, kind, stop) => UsageReport.ReadAsync(connection, kind, filter, by, UsageReport.MostGroups, stop), http.RequestAborted);

    private static void WriteRange(Utf8JsonWriter json, ReportRange range)
    {
        json.WriteString("from", range.From.UtcDateTime);
        json.WriteString("to", range.To.UtcDateTime);
    }

    /// <summary>As it was sent: the path that routing sees has lost the difference between a slash and one that was encoded.</summary>
    private static string AddressedName(HttpContext http)
    {
        string? target = http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()?.RawTarget;
        string[] parts = target is null ? [] : target.Split('?')[0].Split('/');
        return parts is [.., { } name, { } last] && last.Equals("costs", StringComparison.OrdinalIgnoreCase)
            ? Uri.UnescapeDataString(name)
            : Convert.ToString(http.Request.RouteValues["name"], CultureInfo.InvariantCulture) ?? "";
    }

    private static bool IsConfigured(GatewaySnapshot snapshot, string name) =>
        snapshot.Workspaces.ContainsKey(name) || name == "default" || snapshot.Options.Keys.Exists(key => key.Workspace.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static GatewayError Unknown(GatewaySnapshot snapshot, string name)
    {
        string[] names = [.. snapshot.Workspaces.Keys.Concat(snapshot.Options.Keys.Select(key => key.Workspace)).Append("default").Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal)];
        string shown = name.Length <= 64 ? name : name[..64] + "...";
        return new GatewayError(
            ErrorCode.UnknownName,
            $"No workspace is called \"{shown}\", and no call was ever made in one.{AdminJson.Near(name, names)} Known: {string.Join(", ", names.Take(20))}{(names.Length > 20 ? ", ..." : "")}.");
    }
}
