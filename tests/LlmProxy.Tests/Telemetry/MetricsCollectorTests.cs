using System.Buffers;
using System.Text;
using LlmProxy.Accounting;
using LlmProxy.Telemetry;
using LlmProxy.Telemetry.Prometheus;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmProxy.Tests.Telemetry;

public sealed class MetricsCollectorTests : IDisposable
{
    private static readonly CallFigures Call = new()
    {
        Status = 200,
        Duration = TimeSpan.FromSeconds(1),
        FirstToken = TimeSpan.FromSeconds(1),
        Overhead = TimeSpan.FromMilliseconds(1),
        Usage = new TokenUsage(1, 1, 1, 1, 1),
        CostUsd = 1,
        Workspace = "w",
    };

    private readonly MetricsCollector _collector = new(NullLogger<MetricsCollector>.Instance);

    public void Dispose() => _collector.Dispose();

    [Fact]
    public async Task Scrape_AfterMeasurementsBeforeTheSdk_CountsThemAll()
    {
        LlmTags llm = _collector.Metrics.For("openai", "gpt-4o");
        for (int i = 0; i < 5; i++)
        {
            _collector.Metrics.CallEnded(llm, Call);
        }

        string page = await PageAsync(_collector);

        Assert.Contains("llm_requests_total{backend=\"openai\",model=\"gpt-4o\",status=\"200\"} 5\n", page, StringComparison.Ordinal);
        Assert.Contains("llm_request_duration_seconds_bucket{backend=\"openai\",model=\"gpt-4o\",le=\"600\"} 5\n", page, StringComparison.Ordinal);
        Assert.Contains("llm_inflight_requests{backend=\"openai\",model=\"gpt-4o\"} 0\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scrape_OfAFreshGateway_DeclaresEverySeriesAndTheRuntimes()
    {
        string page = await PageAsync(_collector);

        foreach (string name in (string[])["llm_requests_total", "llm_cost_usd_total", "llm_queue_seconds", "llm_errors_total", "llm_time_to_first_token_seconds"])
        {
            Assert.Contains($"# TYPE {name} ", page, StringComparison.Ordinal);
        }

        Assert.Contains("\nprocess_resident_memory_bytes ", page, StringComparison.Ordinal);
        Assert.Contains("\ndotnet_process_memory_working_set_bytes ", page, StringComparison.Ordinal);
        Assert.Contains("\ndotnet_gc_collections_total{", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scrape_OfAThousandLlmsTimesStatuses_DoesNotOverflow()
    {
        await _collector.WhenReadyAsync();
        int[] statuses = [200, 400, 401, 404, 408, 413, 429, 500, 502, 503, 504];
        for (int i = 0; i < 1_000; i++)
        {
            LlmTags llm = _collector.Metrics.For("openai", $"llm-{i}");
            _collector.Metrics.AttemptEnded(llm, "success");
            _collector.Metrics.FellBack(llm, _collector.Metrics.None, "timeout");
            foreach (int status in statuses)
            {
                _collector.Metrics.CallEnded(llm, Call with { Status = status });
            }
        }

        string page = await PageAsync(_collector);

        Assert.DoesNotContain("otel_metric_overflow", page, StringComparison.Ordinal);
        Assert.Equal(11_000, Lines(page).Count(line => line.StartsWith("llm_requests_total{", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Scrapes_AtTheSameTime_EachGetAWholePage()
    {
        _collector.Metrics.CallEnded(_collector.Metrics.For("openai", "gpt-4o"), Call);
        await _collector.WhenReadyAsync();

        string[] pages = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => PageAsync(_collector))));

        foreach (string page in pages)
        {
            Assert.EndsWith("\n", page, StringComparison.Ordinal);
            Assert.Single(Lines(page), line => line == "# TYPE llm_requests_total counter");
            Assert.Single(Lines(page), line => line == "llm_requests_total{backend=\"openai\",model=\"gpt-4o\",status=\"200\"} 1");
        }
    }

    [Fact]
    public async Task TwoGateways_InOneProcess_CountApart()
    {
        using MetricsCollector other = new(NullLogger<MetricsCollector>.Instance);
        _collector.Metrics.CallEnded(_collector.Metrics.For("openai", "mine"), Call);
        other.Metrics.CallEnded(other.Metrics.For("openai", "theirs"), Call);

        string mine = await PageAsync(_collector);
        string theirs = await PageAsync(other);

        Assert.Contains("model=\"mine\"", mine, StringComparison.Ordinal);
        Assert.DoesNotContain("model=\"theirs\"", mine, StringComparison.Ordinal);
        Assert.DoesNotContain("model=\"mine\"", theirs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Endpoint_WhenAsked_AnswersPrometheusText()
    {
        using MemoryStream body = new();
        DefaultHttpContext http = new();
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(body));

        await new MetricsEndpoint(_collector).HandleAsync(http);

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", http.Response.ContentType);
        Assert.Contains("# TYPE llm_requests_total counter\n", Encoding.UTF8.GetString(body.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Recording_OnceCollected_AllocatesNothing()
    {
        await _collector.WhenReadyAsync();
        LlmTags llm = _collector.Metrics.For("openai", "gpt-4o");
        Record(llm);

        Assert.Equal(0, Allocated(llm));
    }

    [Fact]
    public async Task Page_EveryLine_IsWellFormed()
    {
        _collector.Metrics.CallEnded(_collector.Metrics.For("openai", "gpt-4o"), Call);

        string page = await PageAsync(_collector);

        HashSet<string> declared = [];
        foreach (string line in Lines(page))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                Assert.True(declared.Add(line.Split(' ')[2]), $"Declared twice: {line}");
            }
            else if (!line.StartsWith('#'))
            {
                Assert.Matches("""^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_][a-zA-Z0-9_]*="[^"]*"(,[a-zA-Z_][a-zA-Z0-9_]*="[^"]*")*\})? [-+0-9.eEInfNa]+$""", line);
            }
        }
    }

    /// <summary>Apart from its async caller, whose thread may change.</summary>
    private long Allocated(LlmTags llm)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Record(llm);
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private void Record(LlmTags llm)
    {
        _collector.Metrics.AttemptEnded(llm, "success");
        _collector.Metrics.CallEnded(llm, Call);
    }

    private static string[] Lines(string page) => page.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static async Task<string> PageAsync(MetricsCollector collector)
    {
        PrometheusExporter exporter = await collector.WhenReadyAsync();
        ArrayBufferWriter<byte> page = new();
        Assert.True(exporter.TryScrape(page));
        return Encoding.UTF8.GetString(page.WrittenSpan);
    }
}
