using System.Globalization;

namespace LlmProxy.Benchmarks.Report;

/// <summary>The middle of some measurements and how far apart they lie.</summary>
internal readonly record struct Quartiles(double First, double Median, double Third)
{
    public static Quartiles Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values];
        Array.Sort(sorted);
        return sorted.Length == 0 ? new(double.NaN, double.NaN, double.NaN) : new(At(sorted, 0.25), At(sorted, 0.5), At(sorted, 0.75));
    }

    public string Text(string format) => double.IsNaN(Median)
        ? "–"
        : string.Create(CultureInfo.InvariantCulture, $"{Median.ToString(format, CultureInfo.InvariantCulture)} [{First.ToString(format, CultureInfo.InvariantCulture)}–{Third.ToString(format, CultureInfo.InvariantCulture)}]");

    private static double At(double[] sorted, double share)
    {
        double place = share * (sorted.Length - 1);
        int below = (int)place;
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }
}
