using LlmProxy.Admin;
using LlmProxy.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace LlmProxy.Tests.Admin;

public sealed class ReportQueryTests
{
    private static readonly string[] Known = ["from", "key", "limit", "period"];

    [Theory]
    [InlineData("form", "a", "from")]
    [InlineData("From", "a", "from")]
    public void Parameter_Unknown_IsNamedWithTheKnownOnes(string name, string value, string said)
    {
        GatewayError? wrong = ReportQuery.Read(Query((name, value)), Known, out _);

        Assert.Equal(name, wrong?.Param);
        Assert.Contains(said, wrong!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parameter_SaidTwice_IsRefused() => Assert.Equal("key", ReportQuery.Read(Query(("key", new StringValues(["a", "b"]))), Known, out _)?.Param);

    [Fact]
    public void Parameter_Empty_IsNotSaid()
    {
        Assert.Null(ReportQuery.Read(Query(("key", "")), Known, out ReportQuery query));
        Assert.Null(query.Find("key"));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1001")]
    [InlineData("1.5")]
    [InlineData("99999999999999999999")]
    public void Number_OutOfItsBounds_IsRefused(string text)
    {
        ReportQuery.Read(Query(("limit", text)), Known, out ReportQuery query);

        Assert.Equal("limit", query.ReadNumber("limit", 100, 1000, out _)?.Param);
    }

    [Fact]
    public void Word_NotAmongThem_IsRefusedWithThem()
    {
        ReportQuery.Read(Query(("period", "year")), Known, out ReportQuery query);

        Assert.Contains("day, week", query.ReadWord("period", ["day", "week"], out _)!.Message, StringComparison.Ordinal);
    }

    private static QueryCollection Query(params (string Name, StringValues Value)[] parameters) => new(parameters.ToDictionary(p => p.Name, p => p.Value));
}
