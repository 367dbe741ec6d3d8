using System.Diagnostics.Metrics;
using LlmProxy.Telemetry.Prometheus;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace LlmProxy.Telemetry;

/// <summary>Owns the OpenTelemetry SDK's meter provider behind /metrics and builds it when it is first needed.</summary>
internal sealed partial class MetricsCollector : IDisposable
{
    private readonly ILogger<MetricsCollector> _logger;
    private readonly PrometheusExporter _exporter;
    private readonly ProcessMetrics _process = new();
    private readonly FirstUse _firstUse;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MeterProvider? _provider;

    public MetricsCollector(ILogger<MetricsCollector> logger)
    {
        _logger = logger;
        _firstUse = new FirstUse(() => _ = Task.Factory.StartNew(Build, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        Metrics = new GatewayMetrics(_firstUse);
        _exporter = new PrometheusExporter(Metrics.Instruments);
    }

    public GatewayMetrics Metrics { get; }

    /// <summary>The exporter, once the SDK listens.</summary>
    public async Task<PrometheusExporter> WhenReadyAsync()
    {
        _firstUse.Begin();
        await _ready.Task.ConfigureAwait(false);
        return _exporter;
    }

    public void Dispose()
    {
        _provider?.Dispose();
        Metrics.Dispose();
        _process.Dispose();
    }

    private void Build()
    {
        try
        {
            _provider = Sdk.CreateMeterProviderBuilder()
                .AddMeter(GatewayMetrics.MeterName, ProcessMetrics.MeterName, MetricViews.RuntimeMeter)
                .AddView(instrument => MetricViews.For(instrument, IsOurs))
                .AddReader(new BaseExportingMetricReader(_exporter))
                .Build();
            _firstUse.Come(); // Before anybody scrapes: what was measured until now belongs on the first page.
            _ready.SetResult();
        }
        catch (Exception exception)
        {
            NotBuilt(exception);
            _firstUse.Come(); // Nothing may pile up.
            _ready.SetException(exception);
        }
    }

    /// <summary>Several gateways may live in one process; each counts its own calls.</summary>
    private bool IsOurs(Instrument instrument) =>
        ReferenceEquals(instrument.Meter, Metrics.Meter) || ReferenceEquals(instrument.Meter, _process.Meter);

    [LoggerMessage(9001, LogLevel.Error, "Metrics cannot be collected; calls are served without them")]
    private partial void NotBuilt(Exception exception);
}
