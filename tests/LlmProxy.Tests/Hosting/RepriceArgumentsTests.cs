using LlmProxy.Accounting.Reports;
using LlmProxy.Hosting;

namespace LlmProxy.Tests.Hosting;

public sealed class RepriceArgumentsTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 17, 30, 0, TimeSpan.Zero);

    [Fact]
    public void Arguments_AllOfThem_AreUnderstood()
    {
        RepriceArguments read = Read("--from", "2026-11-01", "--to=2026-11-02", "--llm", "gpt-4o", "--apply", "--LlmProxy:Database:Connection=Data Source=x.db", "--llmproxy:redis:prefix", "p")!;

        Assert.Equal(new ReportRange(new(2026, 11, 1, 0, 0, 0, TimeSpan.Zero), new(2026, 11, 2, 0, 0, 0, TimeSpan.Zero)), read.Range);
        Assert.Equal(("gpt-4o", true), (read.Llm, read.Apply));
        Assert.Equal(["--LlmProxy:Database:Connection=Data Source=x.db", "--llmproxy:redis:prefix=p"], read.Settings);
    }

    [Fact]
    public void End_NotSaid_IsNow() => Assert.Equal(Now, Read("--from", "2026-11-01")!.Range.To);

    [Fact]
    public void Apply_NotSaid_IsADryRun() => Assert.False(Read("--from", "2026-11-01")!.Apply);

    [Theory]
    [InlineData("--from is missing")]
    [InlineData("--from wants a value", "--from")]
    [InlineData("--from must be a date", "--from", "last week")]
    [InlineData("--to must be a date", "--from", "2026-11-01", "--to", "x")]
    [InlineData("--from must lie before", "--from", "2026-11-01", "--to", "2026-10-01")]
    [InlineData("\"--aply\" means nothing", "--from", "2026-11-01", "--aply")]
    [InlineData("\"--apply=yes\" means nothing", "--from", "2026-11-01", "--apply=yes")]
    [InlineData("\"now\" means nothing", "now")]
    public void Arguments_Wrong_AreRefusedWithTheReason(string problem, params string[] arguments)
    {
        Assert.Null(RepriceArguments.Read(arguments, Now, out string said));
        Assert.StartsWith(problem, said, StringComparison.Ordinal);
    }

    private static RepriceArguments? Read(params string[] arguments) => RepriceArguments.Read(arguments, Now, out _);
}
