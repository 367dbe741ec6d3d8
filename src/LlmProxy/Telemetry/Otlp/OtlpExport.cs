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
internal sealed class OtlpExport(MetricsCollector collector) : IHostedService, IDisposable
{
    public const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string AspNetCore = "Microsoft.AspNetCore";
    private const int FlushMs = 5_000;

    private readonly GenAiMetrics _genAi = new();
    private MeterProvider? _meters;
    private TracerProvider? _tracers;

    public static bool IsWanted => !string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(EndpointVariable));

    /// <summary>Before the host is built: ASP.NET Core 10 puts the http.* attributes on its spans only when asked.</summary>
    public static void Prepare() => AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);

    public Task StartAsync(CancellationToken cancellationToken)
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
        collector.Metrics.GenAi = _genAi;
        return collector.WhenReadyAsync(); // From here on both providers listen.
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
