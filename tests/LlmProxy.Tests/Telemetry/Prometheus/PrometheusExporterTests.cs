using System.Buffers;
using System.Diagnostics.Metrics;
using System.Text;
using LlmProxy.Telemetry.Prometheus;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace LlmProxy.Tests.Telemetry.Prometheus;

public sealed class PrometheusExporterTests : IDisposable
{
    private readonly Meter _meter = new($"test-{Guid.NewGuid():N}");
    private MeterProvider? _provider;

    public void Dispose()
    {
        _provider?.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public void Page_OfEveryKind_ReadsAsPrometheusWantsIt()
    {
        Counter<long> calls = _meter.CreateCounter<long>("llm_requests_total", description: "Calls that ended.");
        Counter<double> cost = _meter.CreateCounter<double>("llm_cost_usd_total");
        Histogram<double> duration = _meter.CreateHistogram(
            "llm_request_duration_seconds", "s", "How long.", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        UpDownCounter<long> open = _meter.CreateUpDownCounter<long>("open");
        _meter.CreateObservableGauge("memory", () => 12.5, "By");
        PrometheusExporter exporter = Listen();

        calls.Add(2, new("backend", "openai"), new KeyValuePair<string, object?>("status", 200));
        cost.Add(0.25);
        duration.Record(0.05, new KeyValuePair<string, object?>("model", "a"));
        duration.Record(0.1, new KeyValuePair<string, object?>("model", "a"));
        duration.Record(7, new KeyValuePair<string, object?>("model", "a"));
        open.Add(-3);

        Assert.Equal(
            """
            # HELP llm_requests_total Calls that ended.
            # TYPE llm_requests_total counter
            llm_requests_total{backend="openai",status="200"} 2
            # TYPE llm_cost_usd_total counter
            llm_cost_usd_total 0.25
            # HELP llm_request_duration_seconds How long.
            # TYPE llm_request_duration_seconds histogram
            llm_request_duration_seconds_bucket{model="a",le="0.1"} 2
            llm_request_duration_seconds_bucket{model="a",le="1"} 2
            llm_request_duration_seconds_bucket{model="a",le="+Inf"} 3
            llm_request_duration_seconds_sum{model="a"} 7.15
            llm_request_duration_seconds_count{model="a"} 3
            # TYPE open gauge
            open -3
            # TYPE memory_bytes gauge
            memory_bytes 12.5

            """,
            Page(exporter));
    }

    [Fact]
    public void Page_WithOddCharacters_EscapesThem()
    {
        Counter<long> calls = _meter.CreateCounter<long>("odd.name", description: "One \\ and\nthe \"other\".");
        PrometheusExporter exporter = Listen();

        calls.Add(1, new KeyValuePair<string, object?>("the.model", "a\"b\\c\nd – ü"));

        Assert.Equal(
            """
            # HELP odd_name_total One \\ and\nthe "other".
            # TYPE odd_name_total counter
            odd_name_total{the_model="a\"b\\c\nd – ü"} 1

            """,
            Page(exporter));
    }

    [Fact]
    public void Page_BeforeAnyMeasurement_NamesWhatWillCome()
    {
        Counter<long> calls = _meter.CreateCounter<long>("llm_requests_total", description: "Calls.");
        Histogram<double> duration = _meter.CreateHistogram<double>("llm_queue_seconds", "s");
        PrometheusExporter exporter = Listen(calls, duration);

        Assert.Equal(
            """
            # HELP llm_requests_total Calls.
            # TYPE llm_requests_total counter
            # TYPE llm_queue_seconds histogram

            """,
            Page(exporter));
    }

    [Fact]
    public void Scrape_Twice_ShowsTheSumNotTheDifference()
    {
        Counter<long> calls = _meter.CreateCounter<long>("calls");
        PrometheusExporter exporter = Listen();

        calls.Add(1);
        Page(exporter);
        calls.Add(1);

        Assert.Contains("calls_total 2\n", Page(exporter), StringComparison.Ordinal);
    }

    [Fact]
    public void Scrape_WithoutAReader_SaysSo() => Assert.False(new PrometheusExporter([]).TryScrape(new ArrayBufferWriter<byte>()));

    [Theory]
    [InlineData("llm_requests_total", "", true, "llm_requests_total")]
    [InlineData("dotnet.gc.collections", "{collection}", true, "dotnet_gc_collections_total")]
    [InlineData("dotnet.process.cpu.time", "s", true, "dotnet_process_cpu_time_seconds_total")]
    [InlineData("process_cpu_seconds_total", "s", true, "process_cpu_seconds_total")]
    [InlineData("llm_queue_seconds", "s", false, "llm_queue_seconds")]
    [InlineData("memory", "By", false, "memory_bytes")]
    [InlineData("9lives", "", false, "_9lives")]
    public void Name_OfAnInstrument_GetsEachSuffixOnce(string name, string unit, bool isCounter, string expected) =>
        Assert.Equal(expected, PrometheusName.Of(name, unit, isCounter));

    private static string Page(PrometheusExporter exporter)
    {
        ArrayBufferWriter<byte> page = new();
        Assert.True(exporter.TryScrape(page));
        return Encoding.UTF8.GetString(page.WrittenSpan);
    }

    private PrometheusExporter Listen(params Instrument[] declared)
    {
        PrometheusExporter exporter = new(declared);
        _provider = Sdk.CreateMeterProviderBuilder().AddMeter(_meter.Name).AddReader(new BaseExportingMetricReader(exporter)).Build();
        return exporter;
    }
}
