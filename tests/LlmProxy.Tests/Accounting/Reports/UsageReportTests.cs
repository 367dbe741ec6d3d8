using LlmProxy.Accounting.Reports;
using LlmProxy.Admin;
using LlmProxy.TestKit;

namespace LlmProxy.Tests.Accounting.Reports;

/// <summary>Sums over rows of all kinds, against the same sums made without SQL.</summary>
public sealed class UsageReportTests
{
    private static readonly DateTimeOffset Begin = new(2026, 10, 30, 0, 0, 0, TimeSpan.Zero);
    private static readonly ReportFilter All = new(new ReportRange(Begin, Begin.AddDays(7)));

    public static TheoryData<string> Groups => [.. ReportGroups.Names];

    [Theory]
    [MemberData(nameof(Groups))]
    public async Task Groups_OfRowsOfAllKinds_AreTheirSums(string by)
    {
        IReadOnlyList<MadeUpCall> rows = MadeUpCall.Some(1, 1_000, Begin, TimeSpan.FromDays(7));
        await using SqliteLedger ledger = await SqliteLedger.WithAsync(rows);

        UsageReport report = await ledger.ReportAsync(All, ReportGroups.Find(by)!.Value);

        Dictionary<string, Dictionary<string, decimal>> expected = MadeUpCall.Sum(rows, NamesOf(by));
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), report.Groups.Select(group => group.Name ?? "(null)").Order(StringComparer.Ordinal));
        Assert.All(report.Groups, group => AssertSums(expected[group.Name ?? "(null)"], group.Sums));
        AssertSums(MadeUpCall.Sum(rows), report.Total);
        Assert.False(report.IsTruncated);
    }

    [Fact]
    public async Task Groups_StandInTheirOrder()
    {
        await using SqliteLedger ledger = await SqliteLedger.WithAsync(MadeUpCall.Some(2, 300, Begin, TimeSpan.FromDays(7)));

        foreach (ReportGroup by in (ReportGroup[])[ReportGroup.User, ReportGroup.Tag, ReportGroup.ProviderModel])
        {
            decimal[] costs = [.. (await ledger.ReportAsync(All, by)).Groups.Select(group => group.Sums.CostUsd)];
            Assert.Equal(costs.OrderDescending(), costs);
        }

        string?[] days = [.. (await ledger.ReportAsync(All, ReportGroup.Day)).Groups.Select(group => group.Name)];
        Assert.Equal(days.Order(StringComparer.Ordinal), days);
    }

    [Fact]
    public async Task Filters_LeaveOnlyWhatWasAskedFor()
    {
        IReadOnlyList<MadeUpCall> rows = MadeUpCall.Some(3, 500, Begin, TimeSpan.FromDays(7));
        await using SqliteLedger ledger = await SqliteLedger.WithAsync(rows);
        var narrow = new ReportFilter(new ReportRange(Begin.AddDays(1), Begin.AddDays(4))) { Workspace = "team/b ü", Provider = "openai", Key = "key-1" };

        UsageReport report = await ledger.ReportAsync(narrow, ReportGroup.Model);

        MadeUpCall[] expected = [.. rows.Where(row => row.Workspace == "team/b ü" && row.Provider == "openai" && row.Key == "key-1" && row.StartedAt >= narrow.Range.From && row.StartedAt < narrow.Range.To)];
        Assert.NotEmpty(expected);
        AssertSums(MadeUpCall.Sum(expected), report.Total);
    }

    [Fact]
    public async Task Range_IsOpenAtItsEnd()
    {
        MadeUpCall[] rows = [Row(Begin.AddTicks(-10)), Row(Begin), Row(Begin.AddDays(1).AddTicks(-10)), Row(Begin.AddDays(1))];
        await using SqliteLedger ledger = await SqliteLedger.WithAsync(rows);

        UsageReport report = await ledger.ReportAsync(new ReportFilter(new ReportRange(Begin, Begin.AddDays(1))), ReportGroup.Day);

        Assert.Equal(2, Assert.Single(report.Groups).Sums.Calls);
    }

    [Theory]
    [InlineData("user")]
    [InlineData("tag")]
    public async Task Groups_MoreThanAreShown_AreCutOffAndStillInTheTotal(string by)
    {
        MadeUpCall[] rows = [.. Enumerable.Range(0, 20).Select(i => Row(Begin) with { Id = Guid.NewGuid(), User = $"user-{i}", Tags = $"[\"tag-{i}\"]", CostUnits = i })];
        await using SqliteLedger ledger = await SqliteLedger.WithAsync(rows);

        UsageReport report = await ledger.ReportAsync(All, ReportGroups.Find(by)!.Value, most: 5);

        Assert.True(report.IsTruncated);
        Assert.Equal(5, report.Groups.Count);
        Assert.EndsWith("-19", report.Groups[0].Name, StringComparison.Ordinal);
        AssertSums(MadeUpCall.Sum(rows), report.Total);
    }

    [Fact]
    public async Task Rows_ThatSayNonsense_BreakNoSum()
    {
        MadeUpCall wild = Row(Begin) with { Input = long.MaxValue, Output = long.MaxValue, CostUnits = long.MaxValue, UsageSource = "reported" };
        await using SqliteLedger ledger = await SqliteLedger.WithAsync([wild, wild with { Id = Guid.NewGuid() }, wild with { Id = Guid.NewGuid() }]);

        UsageReport report = await ledger.ReportAsync(All, ReportGroup.Model);

        Assert.Equal(3, report.Total.Calls);
        Assert.Equal(3 * (long.MaxValue / 10_000_000_000m), report.Total.CostUsd);
        Assert.True(report.Total.Tokens.Total > 1_000_000_000);
    }

    [Fact]
    public async Task Ledger_WithoutRows_HasAnEmptyReport()
    {
        await using SqliteLedger ledger = await SqliteLedger.WithAsync([]);

        UsageReport report = await ledger.ReportAsync(All, ReportGroup.Tag);

        Assert.Empty(report.Groups);
        Assert.Equal(default, report.Total);
    }

    private static MadeUpCall Row(DateTimeOffset at) => new() { Id = MadeUpCall.IdAt(at, new Random((int)at.Ticks)), StartedAt = at };

    private static Func<MadeUpCall, IEnumerable<string?>> NamesOf(string by) => by switch
    {
        "model" => row => [row.Llm],
        "provider" => row => [row.Provider],
        "workspace" => row => [row.Workspace],
        "key" => row => [row.Key],
        "user" => row => [row.User],
        "tag" => row => row.TagNames(),
        _ => row => [row.Day],
    };

    private static void AssertSums(Dictionary<string, decimal> expected, UsageSums sums)
    {
        foreach (ReportColumn<UsageSums> column in UsageColumns.Sums)
        {
            Assert.Equal(expected[column.Name], decimal.Parse(column.Read(sums).Plain, System.Globalization.CultureInfo.InvariantCulture));
        }
    }
}
