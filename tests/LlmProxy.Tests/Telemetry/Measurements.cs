using System.Diagnostics.Metrics;
using System.Globalization;

namespace LlmProxy.Tests.Telemetry;

/// <summary>What the instruments of one meter were told, as "name{label=value,...} amount".</summary>
internal sealed class Measurements : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly List<string> _seen = [];

    public Measurements(Meter meter)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, meter))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, amount, tags, _) => Add(instrument, amount, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, amount, tags, _) => Add(instrument, amount, tags));
        _listener.Start();
    }

    public IReadOnlyList<string> Seen => _seen;

    /// <summary>What somebody who collects now is told by the instruments that speak only when they are asked.</summary>
    public IReadOnlyList<string> Observe()
    {
        _seen.Clear();
        _listener.RecordObservableInstruments();
        return [.. _seen.Where(line => !line.StartsWith("llm_inflight_requests", StringComparison.Ordinal))];
    }

    public IReadOnlyList<string> Observe(string name)
    {
        _seen.Clear();
        _listener.RecordObservableInstruments();
        return [.. _seen.Where(line => line.StartsWith(name + "{", StringComparison.Ordinal))];
    }

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, double amount, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string labels = string.Join(',', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
        _seen.Add(string.Create(CultureInfo.InvariantCulture, $"{instrument.Name}{{{labels}}} {amount}"));
    }
}
