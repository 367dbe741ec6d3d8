using System.Text;
using System.Text.Json.Nodes;
using LlmProxy.Admin;
using LlmProxy.TestKit;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LlmProxy.Tests.Admin;

public sealed class ReportAnswerTests
{
    private static readonly ReportColumn<string>[] Columns = [new("name", row => row), new("length", row => row.Length), new("json", row => ReportCell.OfJson(row))];

    [Theory]
    [InlineData(null, false)]
    [InlineData("*/*", false)]
    [InlineData("text/*", false)]
    [InlineData("application/json", false)]
    [InlineData("text/csv", true)]
    [InlineData("TEXT/CSV; header=present", true)]
    [InlineData("text/csv;q=0", false)]
    [InlineData("application/json, text/csv;q=0.5", false)]
    [InlineData("application/json;q=0.1, text/csv", true)]
    [InlineData("application/json, text/csv", true)]
    [InlineData("no media type at all", false)]
    public void Csv_IsWhatWasNamed(string? accept, bool isCsv)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.Accept = accept;

        Assert.Equal(isCsv, ReportAnswer.IsCsv(http.Request));
    }

    [Fact]
    public async Task Rows_ManyPages_AreAllInTheCsv()
    {
        (DefaultHttpContext http, MemoryStream body) = NewContext();
        string[] wide = [.. Enumerable.Range(0, 5_000).Select(i => $"row {i}, \u00fc\ud83d\ude00")];

        await ReportAnswer.SendCsvAsync(http, "x", Columns, wide[..1000], page => Task.FromResult<IReadOnlyList<string>>([.. wide.SkipWhile(row => row != page[^1]).Skip(1).Take(1000)]));
        await http.Response.BodyWriter.FlushAsync();

        IReadOnlyList<string[]> read = CsvTable.Read(Encoding.UTF8.GetString(body.ToArray()));
        Assert.Equal(["name", "length", "json"], read[0]);
        Assert.Equal(wide, read.Skip(1).Select(row => row[0]));
    }

    [Fact]
    public async Task Csv_WhoseNextPageFails_IsCutOffAndNotEnded()
    {
        (DefaultHttpContext http, _) = NewContext();
        var lifetime = new AbortFeature();
        http.Features.Set<IHttpRequestLifetimeFeature>(lifetime);
        http.Features.Set<IHttpResponseFeature>(new StartedResponse());

        await Assert.ThrowsAsync<IOException>(() => ReportAnswer.SendCsvAsync(http, "x", Columns, ["one"], _ => throw new IOException("gone")));

        Assert.True(lifetime.IsAborted);
    }

    [Fact]
    public async Task Json_ThatWasKeptAsText_IsShownAsWhatItIs()
    {
        (DefaultHttpContext http, MemoryStream body) = NewContext();

        await ReportAnswer.SendAsync(http, "x", Columns, ["[1, 2]", "no json", "\"\\ud800\"", new string('[', 5000)], json => json.WriteString("about", "it"));
        await http.Response.BodyWriter.FlushAsync();

        JsonNode answer = JsonNode.Parse(body.ToArray())!;
        Assert.Equal("it", answer["about"]!.ToString());
        JsonArray data = answer["data"]!.AsArray();
        Assert.Equal("[1,2]", data[0]!["json"]!.ToJsonString());
        Assert.Equal("no json", data[1]!["json"]!.ToString());
        Assert.Equal(5000, data[3]!["json"]!.ToString().Length);
    }

    private static (DefaultHttpContext Http, MemoryStream Body) NewContext()
    {
        var body = new MemoryStream();
        var http = new DefaultHttpContext();
        http.Response.Body = body;
        return (http, body);
    }

    private sealed class AbortFeature : IHttpRequestLifetimeFeature
    {
        public bool IsAborted { get; private set; }

        public CancellationToken RequestAborted { get; set; }

        public void Abort() => IsAborted = true;
    }

    private sealed class StartedResponse : HttpResponseFeature
    {
        public override bool HasStarted => true;
    }
}
