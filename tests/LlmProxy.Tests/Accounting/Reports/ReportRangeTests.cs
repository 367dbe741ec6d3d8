using LlmProxy.Accounting.Reports;
using LlmProxy.Admin;

namespace LlmProxy.Tests.Accounting.Reports;

public sealed class ReportRangeTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 17, 30, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(null, null, "2026-10-23T00:00:00Z", "2026-11-22T00:00:00Z")]
    [InlineData("2026-11-01", null, "2026-11-01T00:00:00Z", "2026-11-22T00:00:00Z")]
    [InlineData(null, "2026-11-01", "2026-10-02T00:00:00Z", "2026-11-01T00:00:00Z")]
    [InlineData("2026-11-01T08:00", "2026-11-01T08:00:01.5Z", "2026-11-01T08:00:00Z", "2026-11-01T08:00:01.5Z")]
    [InlineData("2026-11-01T08:00:00+02:00", "2026-11-01 09:00:00", "2026-11-01T06:00:00Z", "2026-11-01T09:00:00Z")]
    [InlineData("2026-11-01T08:00:00 02:00", "2026-11-02", "2026-11-01T06:00:00Z", "2026-11-02T00:00:00Z")]
    public void Range_AsWritten_IsThis(string? from, string? to, string begin, string end)
    {
        Assert.Null(ReportRange.Read(from, to, Now, out ReportRange range));
        Assert.Equal(Moment(begin), range.From);
        Assert.Equal(Moment(end), range.To);
    }

    [Theory]
    [InlineData("yesterday", null, "from")]
    [InlineData("2026-13-01", null, "from")]
    [InlineData("0001-01-01", null, "from")]
    [InlineData("1761955200", null, "from")]
    [InlineData(null, "2026-11-31", "to")]
    [InlineData("2026-11-02", "2026-11-02", "from")]
    [InlineData("2026-11-03", "2026-11-02", "from")]
    [InlineData("2027-01-01", null, "from")]
    public void Range_ThatCannotBe_NamesTheParameter(string? from, string? to, string param) =>
        Assert.Equal(param, ReportRange.Read(from, to, Now, out _)?.Param);

    [Theory]
    [InlineData("day", "2026-11-21", "2026-11-22")]
    [InlineData("week", "2026-11-16", "2026-11-23")]
    [InlineData("month", "2026-11-01", "2026-12-01")]
    public void Period_ThatRuns_IsThis(string period, string begin, string end) =>
        Assert.Equal(new ReportRange(Moment(begin + "T00:00:00Z"), Moment(end + "T00:00:00Z")), UsageRoutes.Current(period, Now));

    [Fact]
    public void Days_WithoutCalls_AreThereToo()
    {
        ReportRange range = ReportRange.LastDays(Now, 3);

        IReadOnlyList<UsageGroup> days = UsageRoutes.EveryDay(range, [new UsageGroup("2026-11-20", null, new UsageSums { Calls = 5 })]);

        Assert.Equal([("2026-11-19", 0L), ("2026-11-20", 5L), ("2026-11-21", 0L)], days.Select(day => (day.Name!, day.Sums.Calls)));
    }

    private static DateTimeOffset Moment(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
