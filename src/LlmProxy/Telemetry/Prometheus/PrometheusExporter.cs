using System.Buffers;
using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace LlmProxy.Telemetry.Prometheus;

/// <summary>Writes what the SDK has aggregated as Prometheus text, at the moment somebody scrapes.</summary>
[ExportModes(ExportModes.Pull)]
internal sealed class PrometheusExporter(IReadOnlyList<Instrument> declared) : BaseExporter<Metric>, IPullMetricExporter
{
    private const int CollectTimeoutMs = 5_000;

    private readonly Lock _oneScrape = new();
    private readonly ArrayBufferWriter<byte> _page = new(64 * 1024);
    private readonly HashSet<string> _written = [];

    public Func<int, bool>? Collect { get; set; }

    /// <summary>One page of text; false when the SDK could not collect. Scrapes at the same time take turns.</summary>
    public bool TryScrape(IBufferWriter<byte> destination)
    {
        lock (_oneScrape)
        {
            _page.ResetWrittenCount();
            _written.Clear();
            if (Collect is not { } collect || !collect(CollectTimeoutMs))
            {
                return false;
            }

            DeclareSilent();
            destination.Write(_page.WrittenSpan);
            return true;
        }
    }

    public override ExportResult Export(in Batch<Metric> batch)
    {
        PrometheusText text = new(_page);
        foreach (Metric metric in batch)
        {
            _written.Add(metric.Name);
            Write(text, metric);
        }

        return ExportResult.Success;
    }

    private static void Write(PrometheusText text, Metric metric)
    {
        switch (metric.MetricType)
        {
            case MetricType.LongSum:
            case MetricType.LongSumNonMonotonic:
                Begin(text, metric, metric.MetricType == MetricType.LongSum);
                foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
                {
                    text.Sample(point.Tags, point.GetSumLong());
                }

                break;
            case MetricType.DoubleSum:
            case MetricType.DoubleSumNonMonotonic:
                Begin(text, metric, metric.MetricType == MetricType.DoubleSum);
                foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
                {
                    text.Sample(point.Tags, point.GetSumDouble());
                }

                break;
            case MetricType.LongGauge:
                Begin(text, metric, isCounter: false);
                foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
                {
                    text.Sample(point.Tags, point.GetGaugeLastValueLong());
                }

                break;
            case MetricType.DoubleGauge:
                Begin(text, metric, isCounter: false);
                foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
                {
                    text.Sample(point.Tags, point.GetGaugeLastValueDouble());
                }

                break;
            case MetricType.Histogram:
                text.Begin(PrometheusName.Of(metric.Name, metric.Unit, isCounter: false), metric.Description, "histogram"u8);
                foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
                {
                    text.Histogram(point);
                }

                break;
            default:
                break; // Exponential histograms have no form in this text, and nothing here makes any.
        }
    }

    private static void Begin(PrometheusText text, Metric metric, bool isCounter) =>
        text.Begin(PrometheusName.Of(metric.Name, metric.Unit, isCounter), metric.Description, isCounter ? "counter"u8 : "gauge"u8);

    /// <summary>Names what has not been measured yet, so that a fresh gateway already shows what it counts.</summary>
    private void DeclareSilent()
    {
        PrometheusText text = new(_page);
        foreach (Instrument instrument in declared)
        {
            if (!_written.Contains(instrument.Name))
            {
                bool isCounter = instrument is not Histogram<double>;
                text.Begin(
                    PrometheusName.Of(instrument.Name, instrument.Unit ?? "", isCounter),
                    instrument.Description ?? "",
                    isCounter ? "counter"u8 : "histogram"u8);
            }
        }
    }
}
