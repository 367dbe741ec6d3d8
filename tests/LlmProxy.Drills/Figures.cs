using System.Globalization;

namespace LlmProxy.Drills;

/// <summary>How a set of measured times is spread.</summary>
internal static class Figures
{
    /// <summary>Without any value it is endless: nothing was measured that could pass.</summary>
    public static double Percentile(List<double> values, double percent)
    {
        if (values.Count == 0)
        {
            return double.PositiveInfinity;
        }

        List<double> sorted = [.. values.Order()];
        return sorted[Math.Min(sorted.Count - 1, (int)Math.Ceiling(sorted.Count * percent / 100) - 1)];
    }

    public static void Print(string what, List<double> ms) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{what}: n {ms.Count}, p50 {Percentile(ms, 50):0.0} ms, p90 {Percentile(ms, 90):0.0} ms, p99 {Percentile(ms, 99):0.0} ms, p100 {Percentile(ms, 100):0.0} ms"));
}
