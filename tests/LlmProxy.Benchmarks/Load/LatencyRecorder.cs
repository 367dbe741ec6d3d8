namespace LlmProxy.Benchmarks.Load;

/// <summary>Keeps durations and answers for their percentiles.</summary>
internal sealed class LatencyRecorder
{
    private readonly List<double> _milliseconds = [];

    public int Count => _milliseconds.Count;

    public void Record(TimeSpan duration) => _milliseconds.Add(duration.TotalMilliseconds);

    public void Clear() => _milliseconds.Clear();

    /// <summary>The duration in milliseconds that this share (0 to 1) of the samples does not exceed.</summary>
    public double Percentile(double share)
    {
        if (_milliseconds.Count == 0)
        {
            return double.NaN;
        }
        double[] sorted = [.. _milliseconds];
        Array.Sort(sorted);
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
    }
}
