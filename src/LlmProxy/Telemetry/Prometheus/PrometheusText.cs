using System.Buffers;
using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace LlmProxy.Telemetry.Prometheus;

/// <summary>
/// Prometheus' text format 0.0.4, one line at a time
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
/// </summary>
internal sealed class PrometheusText(IBufferWriter<byte> output)
{
    private static readonly SearchValues<char> InHelp = SearchValues.Create("\\\n");
    private static readonly SearchValues<char> InLabel = SearchValues.Create("\\\n\"");

    private string _name = "";

    public void Begin(string name, string help, ReadOnlySpan<byte> type)
    {
        _name = name;
        if (help.Length > 0)
        {
            output.Write("# HELP "u8);
            Put(name);
            output.Write(" "u8);
            PutEscaped(help, InHelp);
            output.Write("\n"u8);
        }

        output.Write("# TYPE "u8);
        Put(name);
        output.Write(" "u8);
        output.Write(type);
        output.Write("\n"u8);
    }

    public void Sample(ReadOnlyTagCollection tags, long value)
    {
        Labelled([], tags, le: null);
        Put(value);
    }

    public void Sample(ReadOnlyTagCollection tags, double value)
    {
        Labelled([], tags, le: null);
        Put(value);
    }

    public void Histogram(in MetricPoint point)
    {
        long atMost = 0;
        foreach (HistogramBucket bucket in point.GetHistogramBuckets())
        {
            atMost += bucket.BucketCount;
            Labelled("_bucket"u8, point.Tags, bucket.ExplicitBound);
            Put(atMost);
        }

        Labelled("_sum"u8, point.Tags, le: null);
        Put(point.GetHistogramSum());
        Labelled("_count"u8, point.Tags, le: null);
        Put(atMost);
    }

    private void Labelled(ReadOnlySpan<byte> suffix, ReadOnlyTagCollection tags, double? le)
    {
        Put(_name);
        output.Write(suffix);
        bool first = true;
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            output.Write(first ? "{"u8 : ","u8);
            first = false;
            Put(PrometheusName.OfLabel(tag.Key));
            output.Write("=\""u8);
            PutEscaped(Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? "", InLabel);
            output.Write("\""u8);
        }

        if (le is { } bound)
        {
            output.Write(first ? "{le=\""u8 : ",le=\""u8);
            first = false;
            PutNumber(bound);
            output.Write("\""u8);
        }

        output.Write(first ? " "u8 : "} "u8);
    }

    private void PutEscaped(string text, SearchValues<char> special)
    {
        if (text.AsSpan().ContainsAny(special))
        {
            text = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
            if (special.Contains('"'))
            {
                text = text.Replace("\"", "\\\"", StringComparison.Ordinal);
            }
        }

        Put(text);
    }

    private void Put(string text) => output.Advance(Encoding.UTF8.GetBytes(text, output.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length))));

    private void Put(long value)
    {
        value.TryFormat(output.GetSpan(32), out int length, default, CultureInfo.InvariantCulture);
        output.Advance(length);
        output.Write("\n"u8);
    }

    private void Put(double value)
    {
        PutNumber(value);
        output.Write("\n"u8);
    }

    private void PutNumber(double value)
    {
        if (double.IsInfinity(value))
        {
            output.Write(value > 0 ? "+Inf"u8 : "-Inf"u8);
            return;
        }

        value.TryFormat(output.GetSpan(32), out int length, default, CultureInfo.InvariantCulture);
        output.Advance(length);
    }
}
