using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace LlmProxy.Telemetry.Otlp;

/// <summary>
/// Sends metrics and traces to a collector. Present only while OTEL_EXPORTER_OTLP_ENDPOINT is set; OpenTelemetry's other
/// variables (protocol, headers, sampler, resource attributes) are read by its SDK.
/// </summary>
internal sealed partial class OtlpExport(MetricsCollector collector, ILogger<OtlpExport> logger) : IHostedService, IDisposable
{
    public const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string AspNetCore = "Microsoft.AspNetCore";
    private const int FlushMs = 5_000;

    private readonly GenAiMetrics _genAi = new();
    private MeterProvider? _meters;
    private TracerProvider? _tracers;

    public static bool IsWanted => !string.IsNullOrWhiteSpace(Endpoint);

    private static string? Endpoint => Environment.GetEnvironmentVariable(EndpointVariable);

    /// <summary>Before the host is built: ASP.NET Core 10 puts the http.* attributes on its spans only when asked.</summary>
    public static void Prepare() => AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!IsAddress(Endpoint))
        {
            NotAnAddress(); // The SDK would silently take its default instead.
            return;
        }

        try
        {
            Build();
            collector.Metrics.GenAi = _genAi;
            await collector.WhenReadyAsync(); // From here on both providers listen.
        }
        catch (Exception exception) // A wrong address for telemetry is no reason not to serve.
        {
            NotExported(exception);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            _tracers?.ForceFlush(FlushMs);
            _meters?.ForceFlush(FlushMs);
        },
        cancellationToken);

    public void Dispose()
    {
        _tracers?.Dispose();
        _meters?.Dispose();
        _genAi.Dispose();
    }

    private void Build()
    {
        _meters = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(Describe)
            .AddMeter(GatewayMetrics.MeterName, GenAiMetrics.MeterName, MetricViews.RuntimeMeter)
            .AddView(instrument => MetricViews.For(
                instrument, ours => ReferenceEquals(ours.Meter, collector.Metrics.Meter) || ReferenceEquals(ours.Meter, _genAi.Meter)))
            .AddOtlpExporter()
            .Build();
        _tracers = Sdk.CreateTracerProviderBuilder()
            .ConfigureResource(Describe)
            .AddSource(GatewayTracing.SourceName, AspNetCore)
            .AddProcessor(new WithoutProbes()) // Before the exporter, or it comes too late.
            .AddOtlpExporter()
            .Build();
    }

    internal static bool IsAddress(string? endpoint) =>
        Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https";

    [LoggerMessage(9003, LogLevel.Error, "Nothing is sent over OTLP: OTEL_EXPORTER_OTLP_ENDPOINT is no http or https address")]
    private partial void NotAnAddress();

    [LoggerMessage(9002, LogLevel.Error, "Nothing is sent over OTLP; check OTEL_EXPORTER_OTLP_ENDPOINT and its sister variables")]
    private partial void NotExported(Exception exception);

    private static void Describe(ResourceBuilder resource) => resource
        .AddService("llmproxy", serviceVersion: typeof(OtlpExport).Assembly.GetName().Version?.ToString(3))
        .AddEnvironmentVariableDetector(); // Again, so that OTEL_SERVICE_NAME beats our name.

    /// <summary>Health checks and scrapes come every few seconds for ever; they would drown the calls.</summary>
    private sealed class WithoutProbes : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            if (data.Kind == ActivityKind.Server && data.GetTagItem("url.path") is string path
                && (path.StartsWith("/health/", StringComparison.OrdinalIgnoreCase) || path.Equals("/metrics", StringComparison.OrdinalIgnoreCase)))
            {
                data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
            }
        }
    }
}
